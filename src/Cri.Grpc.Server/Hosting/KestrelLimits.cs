using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Cri.Grpc.Server.Hosting;

/// <summary>
/// Kestrel set up for a kubelet: one long-lived connection with calls of any duration, and no defence against slow peers,
/// which on a local socket are only our own clients.
/// </summary>
internal static class KestrelLimits
{
    public static KestrelServerOptions For(GrpcServerOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        kestrel.Limits.KeepAliveTimeout = Timeout.InfiniteTimeSpan;
        kestrel.Limits.RequestHeadersTimeout = Timeout.InfiniteTimeSpan;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        kestrel.ListenUnixSocket(options.SocketPath, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.Use(AuthorityFilter.Wrap);
        });
        return kestrel;
    }
}
