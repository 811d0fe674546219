using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Cri.Ttrpc.Server;

/// <summary>
/// A ttrpc server on a listening unix socket, for processes that may use threads; the shim drives connections from its own loop.
/// </summary>
public sealed class TtrpcSocketServer : IAsyncDisposable
{
    private const int ReadBuffer = 8192;

    private readonly Socket _listener;
    private readonly TtrpcDispatcher _dispatcher;
    private readonly ConcurrentDictionary<Socket, Task> _connections = new();
    private readonly Task _accepting;

    private TtrpcSocketServer(Socket listener, TtrpcDispatcher dispatcher)
    {
        _listener = listener;
        _dispatcher = dispatcher;
        _accepting = AcceptAsync();
    }

    /// <summary>Binds <paramref name="socketPath"/>, which must not exist, and serves until disposed.</summary>
    public static TtrpcSocketServer Listen(string socketPath, TtrpcDispatcher dispatcher)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(socketPath));
            listener.Listen();
            return new TtrpcSocketServer(listener, dispatcher);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Closes the listener and every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var socket in _connections.Keys)
        {
            socket.Dispose();
        }

        await Task.WhenAll(_connections.Values);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                _connections[socket] = ServeAsync(socket);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The listener was closed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        // The connection's handlers run on one exclusive scheduler, which gives it the single thread it asks for.
        var scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        var outgoing = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
        var connection = new TtrpcServerConnection(_dispatcher, frame => outgoing.Writer.TryWrite(frame), TimeProvider.System);
        var writing = WriteAsync(socket, outgoing.Reader);
        var buffer = new byte[ReadBuffer];
        try
        {
            for (var count = await socket.ReceiveAsync(buffer); count > 0; count = await socket.ReceiveAsync(buffer))
            {
                await RunAsync(scheduler, () => connection.Receive(buffer.AsSpan(0, count)));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The peer or our own disposal broke the connection; its calls are cancelled below.
        }

        await RunAsync(scheduler, connection.Dispose);
        outgoing.Writer.TryComplete();
        socket.Dispose();
        await writing;
        _connections.TryRemove(socket, out _);
    }

    private static Task RunAsync(TaskScheduler scheduler, Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.None, scheduler);

    private static async Task WriteAsync(Socket socket, ChannelReader<byte[]> outgoing)
    {
        try
        {
            await foreach (var frame in outgoing.ReadAllAsync())
            {
                for (var sent = 0; sent < frame.Length;)
                {
                    sent += await socket.SendAsync(frame.AsMemory(sent));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The reader notices the same and ends the connection.
        }
    }
}
