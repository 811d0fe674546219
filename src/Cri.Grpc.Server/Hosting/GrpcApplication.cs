using Cri.Grpc.Calls;
using Cri.Grpc.Server.Calls;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Cri.Grpc.Server.Hosting;

/// <summary>Takes HTTP requests from Kestrel, and gives each to the method it names.</summary>
internal sealed class GrpcApplication(MethodTable methods, HandlerSettings settings, int maxCalls, CancellationToken stopping)
    : IHttpApplication<IFeatureCollection>
{
    private int _calls;

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
        try
        {
            if (Interlocked.Increment(ref _calls) > maxCalls)
            {
                await call.SendStatusAsync(new Status(
                    StatusCode.ResourceExhausted, $"{maxCalls} calls are under way, which is the limit; try again when some have ended"));
                return;
            }

            await methods.Find(request.Path).HandleAsync(call, settings);
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    private static int? NotGrpc(IHttpRequestFeature request) =>
        request.Method != "POST" ? 405
        : !request.Headers.ContentType.ToString().StartsWith(Wire.GrpcHeaderNames.ContentType, StringComparison.OrdinalIgnoreCase) ? 415
        : null;
}
