using System.Buffers.Binary;
using System.Text;
using Cri.Linux;
using Cri.Streaming;
using Cri.Ttrpc.Attach;

namespace Cri.RuntimeService.Attaches;

/// <summary>
/// The output of a container's first process on its way from the shim to a client, one buffer at a time. What the client does
/// not read in time the shim leaves out, and we tell the client so where it is missing.
/// </summary>
internal sealed class AttachedOutput : IDisposable
{
    private const int BufferSize = 32 << 10;
    private const int LastOutput = 2 << 20;

    private readonly Fd _socket;
    private readonly TerminalStreams _client;
    private readonly bool _tty;
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private int _left = LastOutput;

    /// <summary>Connects to the socket of this name in the bundle. Throws <see cref="LinuxException"/> when nobody listens.</summary>
    public AttachedOutput(string bundle, string name, bool tty, TerminalStreams client)
    {
        (_tty, _client) = (tty, client);
        using var path = new ShortPath(bundle);
        _socket = UnixSocket.Connect(path.To(name));
    }

    /// <summary>
    /// Copies until the process has ended and everything was copied, which is true, or until the shim is gone, which is false.
    /// Once <paramref name="enough"/> ends, only what has arrived by then is copied. Throws <see cref="IOException"/> when the
    /// client is gone.
    /// </summary>
    public async Task<bool> RunAsync(CancellationToken enough, CancellationToken cancellationToken)
    {
        while (await FillAsync(AttachFrame.HeadLength, enough))
        {
            var frame = AttachFrame.Read(_buffer.AsSpan(_start));
            _start += AttachFrame.HeadLength;
            switch (frame.Kind)
            {
                case AttachFrameKind.End:
                    return true;
                case AttachFrameKind.Skipped when await FillAsync(sizeof(long), enough):
                    await TellSkippedAsync(cancellationToken);
                    break;
                default:
                    await CopyAsync(frame, enough, cancellationToken);
                    break;
            }
        }

        return enough.IsCancellationRequested;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FdReactor.Shared.Forget(_socket);
        _socket.Dispose();
    }

    private async Task CopyAsync(AttachFrame frame, CancellationToken enough, CancellationToken cancellationToken)
    {
        var target = frame.Kind == AttachFrameKind.Stderr ? _client.Stderr : _client.Stdout;
        for (var left = frame.Length; left > 0 && await FillAsync(1, enough);)
        {
            var count = Math.Min(left, _end - _start);
            if (target is not null)
            {
                await target.WriteAsync(_buffer.AsMemory(_start, count), cancellationToken);
            }

            _start += count;
            left -= count;
        }
    }

    private async Task TellSkippedAsync(CancellationToken cancellationToken)
    {
        var count = BinaryPrimitives.ReadInt64LittleEndian(_buffer.AsSpan(_start));
        _start += sizeof(long);
        var end = _tty ? "\r\n" : "\n";
        var words = $"{end}crisp: {count} bytes of output were left out here, because this client did not read them in time{end}";
        if ((_client.Stderr ?? _client.Stdout) is { } target)
        {
            await target.WriteAsync(Encoding.UTF8.GetBytes(words), cancellationToken);
        }
    }

    // True once there are that many bytes in a row.
    private async Task<bool> FillAsync(int needed, CancellationToken enough)
    {
        if (_end - _start < needed)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        while (_end - _start < needed)
        {
            var count = enough.IsCancellationRequested ? ReadRest() : await FdReactor.Shared.ReadAsync(_socket, _buffer.AsMemory(_end), enough);
            if (count <= 0 && !(enough.IsCancellationRequested && (count = ReadRest()) > 0))
            {
                return false;
            }

            _end += count;
        }

        return true;
    }

    // Bounded, because the process may write on.
    private int ReadRest()
    {
        var count = _left > 0 ? FdStream.Read(_socket, _buffer.AsSpan(_end)) : 0;
        _left -= Math.Max(0, count);
        return count;
    }
}
