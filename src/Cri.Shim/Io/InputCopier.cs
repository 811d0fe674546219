using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Io;

/// <summary>
/// Copies a fifo to the standard input of a process. It may hold the fifo's writing end as well, so that the input ends only
/// once that was closed here and by every writer. After the end writers get EPIPE.
/// </summary>
internal sealed class InputCopier : IDisposable
{
    private const int ReadSize = 16 << 10;

    private readonly BufferPool _buffers;
    private readonly Fd _reader;
    private readonly Fd? _writer;
    private readonly FdWatch _source;

    public InputCopier(EventLoop loop, BufferPool buffers, string path, bool holdsOpen)
    {
        _buffers = buffers;
        _reader = Fifo.OpenReader(path);
        try
        {
            _writer = holdsOpen ? Fifo.OpenWriter(path) : null;
            _source = loop.Watch(_reader);
        }
        catch
        {
            _reader.Dispose();
            throw;
        }
    }

    /// <summary>Copies until the fifo or the process ends; the target stays the caller's.</summary>
    public async Task RunAsync(FdWatch target)
    {
        while (await _source.ReadableAsync())
        {
            var buffer = _buffers.Rent();
            var goesOn = await CopyAsync(buffer, target);
            _buffers.Return(buffer);
            if (!goesOn)
            {
                break;
            }
        }

        Dispose();
    }

    /// <summary>Lets the input end after what its other writers have still to send.</summary>
    public void CloseWriter() => _writer?.Dispose();

    public void Dispose()
    {
        _source.Dispose();
        _reader.Dispose();
        _writer?.Dispose();
    }

    private async Task<bool> CopyAsync(byte[] buffer, FdWatch target)
    {
        try
        {
            var count = FdStream.Read(_reader, buffer.AsSpan(0, ReadSize));
            for (var written = 0; written < count;)
            {
                var result = FdStream.Write(target.Fd, buffer.AsSpan(written, count - written));
                if (result != FdStream.WouldBlock)
                {
                    written += result;
                }
                else if (!await target.WritableAsync())
                {
                    return false;
                }
            }

            return count != 0;
        }
        catch (Exception e) when (e is LinuxException or ObjectDisposedException)
        {
            // The process closed its input or is gone.
            return false;
        }
    }
}
