using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Io;

/// <summary>Output to a named pipe: a slow reader slows the process, an absent one lets it fill the pipe.</summary>
internal sealed class FifoSink : OutputSink
{
    private readonly Fd _fifo;
    private readonly FdWatch _watch;
    private bool _broken;

    public FifoSink(EventLoop loop, string path)
    {
        // Both ends are held, so that a write before the reader came is no error.
        _fifo = Fifo.OpenBoth(path);
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
                else if (!await _watch.WritableAsync())
                {
                    _broken = true;
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
