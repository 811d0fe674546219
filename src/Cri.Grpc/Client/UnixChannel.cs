using System.Net.Sockets;
using Cri.Grpc.Client;
using Grpc.Core;

namespace Cri.Grpc;

/// <summary>
/// A gRPC client of a server on a unix socket: generated clients call through it. It connects with the first call, and again
/// when a connection broke; it speaks HTTP/2 without negotiation. Thread-safe; Dispose breaks the calls under way.
/// </summary>
/// <example><code>
/// using var channel = new UnixChannel("/run/crisp/crisp.sock");
/// var runtime = new RuntimeService.RuntimeServiceClient(channel);
/// var version = await runtime.VersionAsync(new VersionRequest());
/// </code></example>
public sealed class UnixChannel : CallInvoker, IDisposable
{
    // Within one machine nothing is gained by a small one: a list of a thousand containers would wait ten times to be let go on.
    private const int StreamWindow = 1 << 20;

    private readonly HttpMessageInvoker _http;

    /// <summary>A channel to the socket at <paramref name="socketPath"/>; does not connect yet.</summary>
    public UnixChannel(string socketPath, UnixChannelOptions? options = null)
        : this(options ?? new UnixChannelOptions(), socketPath)
    {
    }

    private UnixChannel(UnixChannelOptions options, string socketPath)
        : base(options.MaxMessageSize)
    {
        SocketPath = socketPath;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellationToken) => ConnectAsync(socketPath, cancellationToken),
            ConnectTimeout = options.ConnectTimeout,
            InitialHttp2StreamWindowSize = StreamWindow,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
        });
    }

    /// <summary>The server's socket.</summary>
    public string SocketPath { get; }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private protected override ClientCall Start(string method, CallOptions options, HttpContent request, int maxMessageSize) =>
        ClientCall.Start(_http, SocketPath, method, options, request, maxMessageSize);

    private static async ValueTask<Stream> ConnectAsync(string socketPath, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e is SocketException failure ? new ConnectException(socketPath, failure) : e;
        }
    }
}
