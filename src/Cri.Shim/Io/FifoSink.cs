using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Io;

/// <summary>
/// Output to a named pipe: a slow reader slows the process. An absent one lets it fill the pipe or, when there has to be a
/// reader, ends it.
/// </summary>
internal sealed class FifoSink : OutputSink
{
    private readonly Fd _fifo;
    private readonly FdWatch _watch;
    private readonly bool _hasReader;
    private bool _broken;
    private bool _isFull;

    public override bool AwaitsReader => _hasReader && _isFull && !_broken;

    public FifoSink(EventLoop loop, string path, bool hasReader)
    {
        // Both ends are held, so that a write before the reader came is no error.
        _fifo = hasReader ? Fifo.OpenWriter(path) : Fifo.OpenBoth(path);
        _hasReader = hasReader;
        _watch = loop.Watch(_fifo);
    }

    public override async Task WriteAsync(byte[] buffer, int count, bool isStderr)
    {
        for (var written = 0; written < count && !_broken;)
        {
            try
            {
                var result = FdStream.Write(_fifo, buffer.AsSpan(written, count - written));
                if (result != FdStream.WouldBlock)
                {
                    written += result;
                }
                else
                {
                    _isFull = true;
                    _broken = !await _watch.WritableAsync();
                    _isFull = false;
                }
            }
            catch (LinuxException)
            {
                _broken = true;
            }
        }
    }

    public override Task CloseAsync()
    {
        _broken = true;
        _watch.Dispose();
        _fifo.Dispose();
        return Task.CompletedTask;
    }
}
