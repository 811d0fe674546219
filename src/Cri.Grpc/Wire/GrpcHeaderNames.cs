namespace Cri.Grpc.Wire;

/// <summary>The headers and trailers of gRPC over HTTP/2.</summary>
internal static class GrpcHeaderNames
{
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string ContentType = "application/grpc";
    public const string Identity = "identity";

    /// <summary>True for headers that belong to the protocol and are not metadata of the call.</summary>
    public static bool IsReserved(string name) =>
        name.StartsWith(':')
        || name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase)
        || name.ToLowerInvariant() is "content-type" or "te" or "host" or "user-agent" or "content-length" or "date" or "server";
}
