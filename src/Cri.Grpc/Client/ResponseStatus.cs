using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Cri.Grpc.Wire;
using Grpc.Core;

namespace Cri.Grpc.Client;

/// <summary>The status of a call, from the trailers of its response, or from the headers of one that has nothing else.</summary>
internal static class ResponseStatus
{
    /// <summary>Throws when a response is not gRPC: what HTTP status it has decides the code.</summary>
    public static void ThrowIfNotGrpc(HttpResponseMessage response)
    {
        if (response.Headers.Contains(GrpcHeaderNames.Status))
        {
            return;
        }

        var type = response.Content.Headers.ContentType?.MediaType;
        if (response.StatusCode != HttpStatusCode.OK || type?.StartsWith(GrpcHeaderNames.ContentType, StringComparison.Ordinal) != true)
        {
            throw new RpcException(new Status(
                FromHttp((int)response.StatusCode), $"the server answered HTTP {(int)response.StatusCode} with content type {type ?? "none"}"));
        }
    }

    /// <summary>Null for a response whose body has ended with status OK; throws for any other status.</summary>
    public static T? EndOf<T>(HttpResponseMessage response)
        where T : class
    {
        var trailers = response.Headers.Contains(GrpcHeaderNames.Status) ? response.Headers : response.TrailingHeaders;
        var status = Read(trailers);
        return status.StatusCode == StatusCode.OK ? null : throw new RpcException(status, ReadMetadata(trailers));
    }

    private static Status Read(HttpHeaders trailers)
    {
        if (First(trailers, GrpcHeaderNames.Status) is not { } text)
        {
            return new Status(StatusCode.Internal, "the response ended without a grpc-status");
        }

        var detail = PercentEncoding.Decode(First(trailers, GrpcHeaderNames.Message) ?? "");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? new Status(Enum.IsDefined((StatusCode)code) ? (StatusCode)code : StatusCode.Unknown, detail)
            : new Status(StatusCode.Unknown, $"the response's grpc-status \"{text}\" is no number; {detail}");
    }

    private static Metadata ReadMetadata(HttpHeaders trailers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in trailers)
        {
            if (!GrpcHeaderNames.IsReserved(name))
            {
                values.ToList().ForEach(value => metadata.Add(MetadataEntry.FromWire(name, value)));
            }
        }

        return metadata;
    }

    private static string? First(HttpHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    // The mapping of the gRPC specification for answers of something that is no gRPC server.
    private static StatusCode FromHttp(int status) => status switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
