using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Io;

/// <summary>Copies one stream of a process to its sink until the stream ends or the watch is disposed.</summary>
internal sealed class OutputCopier(BufferPool buffers, FdWatch source, OutputSink sink, bool isStderr)
{
    private const int ReadSize = 32 << 10;

    /// <summary>Bytes read so far, which tells a slow drain from a stuck one.</summary>
    public long Copied { get; private set; }

    /// <summary>True while the sink is busy with what was read.</summary>
    public bool IsWriting { get; private set; }

    public async Task RunAsync()
    {
        while (await source.ReadableAsync())
        {
            var buffer = buffers.Rent();
            var count = Read(buffer);
            if (count == 0)
            {
                buffers.Return(buffer);
                break;
            }

            if (count > 0)
            {
                Copied += count;
                IsWriting = true;
                await sink.WriteAsync(buffer, count, isStderr);
                IsWriting = false;
            }

            buffers.Return(buffer);
        }

        await sink.EndAsync(isStderr);
    }

    private int Read(byte[] buffer)
    {
        try
        {
            return FdStream.Read(source.Fd, buffer.AsSpan(0, ReadSize));
        }
        catch (LinuxException)
        {
            // EIO is how the master of a pty ends; any other failure ends the stream as well.
            return 0;
        }
    }
}
