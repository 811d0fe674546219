using Cri.Grpc.Wire;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cri.Grpc.Server.Calls;

/// <summary>Sends the status of a call: as trailers, or as headers of a response that has nothing else.</summary>
internal static class StatusTrailers
{
    // Clients limit the header list; a status that breaks their limit would break the connection instead of explaining itself.
    private const int MaxDetailLength = 4096;

    /// <summary>Ends the response with a status. Never throws: when the caller is gone there is nobody to tell.</summary>
    public static async Task SendAsync(HttpCallContext call, Status status)
    {
        try
        {
            Write(TargetOf(call), status, call.TrailersToSend);
            await call.CompleteAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            call.Abort();
        }
    }

    private static IHeaderDictionary TargetOf(HttpCallContext call)
    {
        if (call.HasStarted)
        {
            return call.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        }

        call.SetContentType();
        return call.HasMessage
            ? call.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : call.Features.GetRequiredFeature<IHttpResponseFeature>().Headers;
    }

    private static void Write(IHeaderDictionary target, Status status, Metadata? trailers)
    {
        target[GrpcHeaderNames.Status] = StatusCodeText(status.StatusCode);
        if (!string.IsNullOrEmpty(status.Detail))
        {
            target[GrpcHeaderNames.Message] = PercentEncoding.Encode(Shorten(status.Detail));
        }

        foreach (var entry in trailers ?? Metadata.Empty)
        {
            target.Append(entry.Key, entry.WireValue);
        }
    }

    private static string StatusCodeText(StatusCode code) => code == StatusCode.OK ? "0" : ((int)code).ToString();

    private static string Shorten(string detail) => detail.Length <= MaxDetailLength ? detail : detail[..MaxDetailLength] + "...";
}
