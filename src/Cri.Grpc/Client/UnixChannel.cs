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
    private readonly HttpMessageInvoker _http;
    private readonly UnixChannelOptions _options;

    /// <summary>A channel to the socket at <paramref name="socketPath"/>; does not connect yet.</summary>
    public UnixChannel(string socketPath, UnixChannelOptions? options = null)
    {
        SocketPath = socketPath;
        _options = options ?? new UnixChannelOptions();
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellationToken) => ConnectAsync(socketPath, cancellationToken),
            ConnectTimeout = _options.ConnectTimeout,
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
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = StartCall(method, options, request);
        return new AsyncUnaryCall<TResponse>(ReadSingleAsync(call), call.Dispose);
    }

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = StartCall(method, options, request);
        return new AsyncServerStreamingCall<TResponse>(new ResponseStreamReader<TResponse>(call), call.Dispose);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private ClientCall<TResponse> StartCall<TRequest, TResponse>(Method<TRequest, TResponse> method, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class =>
        ClientCall<TResponse>.Start(_http, SocketPath, method, options, request, _options.MaxMessageSize);

    private static async Task<TResponse> ReadSingleAsync<TResponse>(ClientCall<TResponse> call)
        where TResponse : class
    {
        using (call)
        {
            var response = await call.ReadMessageAsync(CancellationToken.None)
                ?? throw new RpcException(new Status(StatusCode.Internal, $"call {call.Method}: OK without a response message"));
            return await call.ReadMessageAsync(CancellationToken.None) is null
                ? response
                : throw new RpcException(new Status(StatusCode.Internal, $"call {call.Method}: more than one response message"));
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string socketPath, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
