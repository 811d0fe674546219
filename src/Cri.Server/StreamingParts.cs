using System.Net.Sockets;
using Cri.Server.Configuration;
using Cri.Server.Logging;
using Cri.Streaming;

namespace Cri.Server;

/// <summary>The listener of exec, attach and port-forward, wired.</summary>
internal static class StreamingParts
{
    /// <summary>Begins to listen.</summary>
    /// <exception cref="StartException">The address cannot be listened on, or the certificate cannot be read.</exception>
    internal static StreamingServer Listen(StreamingConfiguration configuration, Logger log)
    {
        try
        {
            var server = StreamingServer.Start(new StreamingOptions
            {
                Address = configuration.Address,
                Port = configuration.Port,
                AdvertisedHost = configuration.AdvertisedHost,
                IdleTimeout = configuration.IdleTimeout,
                CertificateFile = configuration.Tls?.Cert,
                KeyFile = configuration.Tls?.Key,
                Warn = text => log.Warn(text),
            });
            log.Info("streaming", ("url", server.BaseAddress.AbsoluteUri));
            return server;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw new StartException($"streaming on {configuration.Address}:{configuration.Port}: {error.Message}");
        }
    }
}
