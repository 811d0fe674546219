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

        // A year, since an infinite time overflows when Kestrel adds it to its clock, and idle connections are then closed at once.
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromDays(365);
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromDays(365);
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
