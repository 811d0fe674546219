using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Cri.Streaming.Connections;
using Cri.Streaming.Http;

namespace Cri.Streaming;

/// <summary>
/// Serves exec, attach and port-forward to clients that were given a URL, over SPDY/3.1 and WebSockets, on a TCP listener of its own.
/// <para>Bounds: 1,000 URLs that wait for their clients, each for a minute and one use; 1,024 connections, beyond which new ones are closed
/// at once; 10 s for TLS and 10 s for a request's head of 16 KiB; 30 s for the streams of an exec or attach; the idle timeout
/// after that. What a client sends and nobody reads is bounded by <see cref="Spdy.SpdyConnection"/> and
/// <see cref="WebSockets.ChannelConnection"/>; what a client does not read is never kept.</para>
/// </summary>
public sealed class StreamingServer : IAsyncDisposable
{
    private const int Backlog = 512;
    private static readonly TimeSpan _longestHandshake = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _longestStop = TimeSpan.FromSeconds(2);

    private readonly StreamingOptions _options;
    private readonly Socket _listener;
    private readonly ServerCertificate? _certificate;
    private readonly TokenStore _tokens = new(TimeProvider.System);
    private readonly StreamDispatch _dispatch;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _connections = [];
    private Task _accepting = Task.CompletedTask;

    private StreamingServer(StreamingOptions options, Socket listener, ServerCertificate? certificate)
    {
        _options = options;
        _listener = listener;
        _certificate = certificate;
        _dispatch = new StreamDispatch(_tokens, options.Warn, _stopping.Token);
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        BaseAddress = Base();
    }

    /// <summary>Where it listens; the port is the one that was taken when 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>What the URLs begin with.</summary>
    public Uri BaseAddress { get; }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SocketException">The address cannot be listened on.</exception>
    /// <exception cref="IOException">The certificate or its key cannot be read.</exception>
    public static StreamingServer Start(StreamingOptions options)
    {
        var certificate = options is { CertificateFile: { } file, KeyFile: { } key } ? new ServerCertificate(file, key, options.Warn) : null;
        _ = certificate?.Current;
        var listener = new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(options.Address, options.Port));
            listener.Listen(Backlog);
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        var server = new StreamingServer(options, listener, certificate);
        server._accepting = server.AcceptAsync();
        return server;
    }

    /// <summary>The URL under which a client may now start a request, once, within a minute.</summary>
    /// <exception cref="TooManyStreamsException">As many as there may be wait already.</exception>
    public Uri Register(StreamRequest request) => new(BaseAddress, $"{request.PathSegment}/{_tokens.Add(request)}");

    /// <summary>Stops listening; streams that run are ended, with up to 2 s to tell their clients.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] open;
        lock (_gate)
        {
            open = [.. _connections];
        }

        var ended = Task.WhenAll(open);
        await Task.WhenAny(ended, Task.Delay(_longestStop));
        await _stopped.CancelAsync();
        await ended;
        _stopping.Dispose();
        _stopped.Dispose();
    }

    private Uri Base()
    {
        var address = EndPoint.Address;
        var isWildcard = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
        var host = _options.AdvertisedHost ?? (isWildcard ? NodeAddress.Find(address.AddressFamily) : address).ToString();
        return new UriBuilder(_certificate is null ? "http" : "https", host, EndPoint.Port).Uri;
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Track(await _listener.AcceptAsync(_stopping.Token));
            }
            catch (SocketException) when (!_stopping.IsCancellationRequested)
            {
                // Reset before it was accepted, or no descriptors left: the next one may do.
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            }
            catch (Exception stop) when (stop is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private void Track(Socket socket)
    {
        lock (_gate)
        {
            if (_connections.Count >= _options.MaxConnections)
            {
                socket.Dispose();
                return;
            }

            var serving = Task.Run(() => ServeAsync(socket));
            _connections.Add(serving);
            _ = serving.ContinueWith(Forget, TaskScheduler.Default);
        }
    }

    private void Forget(Task connection)
    {
        lock (_gate)
        {
            _connections.Remove(connection);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await using var secured = await SecureAsync(stream);
            using var connection = new ClientConnection(socket, secured, _options.IdleTimeout, _stopped.Token);
            var request = await ReadHeadAsync(connection);
            await _dispatch.ServeAsync(connection, request);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException
            or System.Security.Authentication.AuthenticationException)
        {
            // The client is gone, too slow, or speaks no TLS.
        }
        catch (Exception error)
        {
            _options.Warn($"streaming: {error.GetType().Name}: {error.Message}");
        }
    }

    private async Task<Stream> SecureAsync(NetworkStream stream)
    {
        if (_certificate is null)
        {
            return stream;
        }

        var secured = new SslStream(stream, leaveInnerStreamOpen: true);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        deadline.CancelAfter(_longestHandshake);
        var options = new SslServerAuthenticationOptions { ServerCertificateContext = _certificate.Current };
        await secured.AuthenticateAsServerAsync(options, deadline.Token);
        return secured;
    }

    private async Task<RequestHead?> ReadHeadAsync(ClientConnection connection)
    {
        await using var deadline = new Timer(_ => connection.Abort(), null, _longestHandshake, Timeout.InfiniteTimeSpan);
        await using var stop = _stopping.Token.Register(connection.Abort);
        return await RequestHead.ReadAsync(connection);
    }
}
