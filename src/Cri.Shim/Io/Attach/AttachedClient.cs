using System.Buffers.Binary;
using Cri.Linux;
using Cri.Shim.Loop;
using Cri.Ttrpc.Attach;

namespace Cri.Shim.Io.Attach;

/// <summary>
/// One client that gets the output of a process. It never slows the process: what it has not read waits here up to a limit,
/// and beyond it output is left out until it has read all that waited; it is then told how much.
/// </summary>
internal sealed class AttachedClient : IDisposable
{
    private const int MaxBacklog = 1 << 20;

    private readonly Fd _socket;
    private readonly FdWatch _watch;
    private readonly Backlog _backlog;
    private readonly Action<AttachedClient> _gone;
    private long _skipped;
    private bool _sending;
    private bool _ending;
    private bool _endSent;
    private bool _disposed;

    /// <summary>Takes a connection over; <paramref name="gone"/> is told once when it has ended.</summary>
    public AttachedClient(EventLoop loop, BufferPool buffers, Fd socket, Action<AttachedClient> gone)
    {
        _socket = socket;
        _watch = loop.Watch(socket);
        _backlog = new Backlog(buffers);
        _gone = gone;
        _ = WatchPeerAsync();
    }

    /// <summary>Sends output, or keeps it, or leaves it out.</summary>
    public void Offer(AttachFrameKind kind, ReadOnlySpan<byte> bytes)
    {
        if (_skipped > 0 || _backlog.Length + bytes.Length > MaxBacklog)
        {
            _skipped += bytes.Length;
        }
        else
        {
            SendFrame(kind, bytes);
        }
    }

    /// <summary>Closes the connection once the client has everything, in its own time.</summary>
    public void End()
    {
        _ending = true;
        if (_backlog.Length == 0)
        {
            SendLast();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _watch.Dispose();
            _socket.Dispose();
            _backlog.Clear();
            _gone(this);
        }
    }

    // Clients send nothing, so that whatever there is to read is their end.
    private async Task WatchPeerAsync()
    {
        if (await _watch.ReadableAsync())
        {
            Dispose();
        }
    }

    private void SendFrame(AttachFrameKind kind, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[AttachFrame.HeadLength];
        new AttachFrame(kind, bytes.Length).Write(head);
        Send(head);
        Send(bytes);
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        var sent = _backlog.Length == 0 ? TrySend(bytes) : 0;
        if (sent < bytes.Length && !_disposed)
        {
            _backlog.Append(bytes[sent..]);
            if (!_sending)
            {
                _ = SendBacklogAsync();
            }
        }
    }

    private async Task SendBacklogAsync()
    {
        _sending = true;
        while (_backlog.Length > 0 && await _watch.WritableAsync())
        {
            _backlog.Consume(TrySend(_backlog.Head));
            if (_backlog.Length == 0)
            {
                SendLast();
            }
        }

        _sending = false;
    }

    // Everything that waited is sent: now what came after it.
    private void SendLast()
    {
        if (_skipped > 0)
        {
            Span<byte> count = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(count, _skipped);
            _skipped = 0;
            SendFrame(AttachFrameKind.Skipped, count);
        }

        if (_ending && !_endSent && _backlog.Length == 0)
        {
            _endSent = true;
            SendFrame(AttachFrameKind.End, []);
        }

        if (_endSent && _backlog.Length == 0)
        {
            Dispose();
        }
    }

    private int TrySend(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _disposed ? 0 : Math.Max(0, UnixSocket.Send(_socket, bytes));
        }
        catch (LinuxException)
        {
            Dispose();
            return 0;
        }
    }
}
