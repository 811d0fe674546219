using Cri.Grpc.Calls;
using Cri.Grpc.Server.Calls;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Cri.Grpc.Server.Hosting;

/// <summary>Takes HTTP requests from Kestrel, and gives each to the method it names.</summary>
internal sealed class GrpcApplication(MethodTable methods, HandlerSettings settings, CancellationToken stopping)
    : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        if (NotGrpc(request) is { } httpStatus)
        {
            context.GetRequiredFeature<IHttpResponseFeature>().StatusCode = httpStatus;
            return;
        }

        using var call = new HttpCallContext(context, request, stopping);
        await methods.Find(request.Path).HandleAsync(call, settings);
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    private static int? NotGrpc(IHttpRequestFeature request) =>
        request.Method != "POST" ? 405
        : !request.Headers.ContentType.ToString().StartsWith(Wire.GrpcHeaderNames.ContentType, StringComparison.OrdinalIgnoreCase) ? 415
        : null;
}
