using System.Net.Sockets;
using Cri.Grpc.Calls;
using Cri.Grpc.Server.Calls;
using Cri.Grpc.Server.Hosting;
using Cri.Linux;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Cri.Grpc.Server;

/// <summary>
/// Hosts gRPC services on a unix socket, over HTTP/2 without TLS. One start and one stop; the socket file goes with the server.
/// </summary>
/// <example><code>
/// await using var server = new GrpcServer(
///     new GrpcServerOptions { SocketPath = "/run/crisp/crisp.sock" },
///     [RuntimeService.BindService(runtime), ImageService.BindService(images)]);
/// await server.StartAsync(cancellationToken);
/// </code></example>
public sealed class GrpcServer : IAsyncDisposable
{
    private readonly GrpcServerOptions _options;
    private readonly GrpcApplication _application;
    private readonly CancellationTokenSource _stopping = new();
    private KestrelServer? _kestrel;
    private int _stopped;

    /// <summary>A server of these services. Throws InvalidOperationException when two methods have the same name.</summary>
    public GrpcServer(GrpcServerOptions options, IEnumerable<ServerServiceDefinition> services)
    {
        _options = options;
        var settings = new HandlerSettings(options.Interceptors, options.MaxMessageSize, options.StreamingAlternatives);
        _application = new GrpcApplication(new MethodTable(services), settings, options.MaxCalls, _stopping.Token);
    }

    /// <summary>
    /// Makes the socket's directory if need be, removes a socket file that nobody listens on, and listens. Throws IOException
    /// when another server listens there, when the path is something else than a socket, or when it cannot be bound.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            ListeningSocket.Prepare(_options.SocketPath);
            _kestrel = NewKestrel();
            await _kestrel.StartAsync(_application, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"listen on {_options.SocketPath}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Takes no more calls, ends streams with UNAVAILABLE, waits at most <paramref name="graceful"/> for unary calls, and then
    /// breaks what is left. Removes the socket file. Further calls do nothing.
    /// </summary>
    public async Task StopAsync(TimeSpan graceful)
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 1)
        {
            return;
        }

        await _stopping.CancelAsync();
        using var patience = new CancellationTokenSource(graceful);
        await (_kestrel?.StopAsync(patience.Token) ?? Task.CompletedTask);
    }

    /// <summary>Stops without patience if need be, and frees what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _kestrel?.Dispose();
        _stopping.Dispose();
    }

    private KestrelServer NewKestrel()
    {
        var transport = new SocketTransportOptions
        {
            CreateBoundListenSocket = _ => ListeningSocket.Bind(_options.SocketPath, _options.SocketMode),
            IOQueueCount = 1,
        };
        return new KestrelServer(
            Options.Create(KestrelLimits.For(_options)),
            new SocketTransportFactory(Options.Create(transport), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
    }
}
