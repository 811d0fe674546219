using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Ttrpc.Server;

namespace Cri.Shim.Rpc;

/// <summary>Carries bytes between a client's socket and its <see cref="TtrpcServerConnection"/>.</summary>
internal sealed class RpcConnection : IDisposable
{
    private const int ReadSize = 4096;

    private readonly Fd _socket;
    private readonly FdWatch _watch;
    private readonly TtrpcServerConnection _connection;
    private readonly Queue<byte[]> _unsent = new();
    private bool _isClosed;

    public RpcConnection(EventLoop loop, Fd socket, TtrpcDispatcher dispatcher)
    {
        _socket = socket;
        _watch = loop.Watch(socket);
        _connection = new TtrpcServerConnection(dispatcher, Send, loop.Time);
    }

    /// <summary>Serves until the client is gone.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (await _watch.ReadableAsync() && Receive())
            {
            }
        }
        catch (LinuxException)
        {
            // A reset connection is a closed one.
        }

        Dispose();
    }

    /// <summary>Hangs up; calls in flight run on unheard.</summary>
    public void Dispose()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _connection.Dispose();
            _watch.Dispose();
            _socket.Dispose();
        }
    }

    private bool Receive()
    {
        Span<byte> buffer = stackalloc byte[ReadSize];
        var count = FdStream.Read(_socket, buffer);
        if (count > 0)
        {
            _connection.Receive(buffer[..count]);
        }

        return count != 0;
    }

    private void Send(byte[] frame)
    {
        _unsent.Enqueue(frame);
        if (_unsent.Count == 1)
        {
            _ = SendAsync();
        }
    }

    private async Task SendAsync()
    {
        try
        {
            while (_unsent.TryPeek(out var frame) && !_isClosed)
            {
                for (var sent = 0; sent < frame.Length;)
                {
                    var count = UnixSocket.Send(_socket, frame.AsSpan(sent));
                    if (count != FdStream.WouldBlock)
                    {
                        sent += count;
                    }
                    else if (!await _watch.WritableAsync())
                    {
                        return;
                    }
                }

                _unsent.Dequeue();
            }
        }
        catch (LinuxException)
        {
            Dispose();
        }
    }
}
