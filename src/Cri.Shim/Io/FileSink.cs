using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Io;

/// <summary>Output appended to a file as it comes.</summary>
internal sealed class FileSink : OutputSink
{
    private const uint Mode = 0x1a4; // 0644

    private readonly DiskThread _disk;
    private readonly Fd _file;

    private FileSink(DiskThread disk, Fd file)
    {
        _disk = disk;
        _file = file;
    }

    public static async Task<FileSink> OpenAsync(DiskThread disk, string path) =>
        new(disk, await disk.RunAsync(() => AppendFile.Open(path, Mode)));

    public override Task WriteAsync(byte[] buffer, int count, bool isStderr) => _disk.RunAsync(() => TryWrite(buffer, count));

    public override Task CloseAsync() => _disk.RunAsync(() =>
    {
        _file.Dispose();
        return true;
    });

    private bool TryWrite(byte[] buffer, int count)
    {
        try
        {
            FdStream.WriteAll(_file, buffer.AsSpan(0, count));
            return true;
        }
        catch (LinuxException)
        {
            // A full disk: this piece is lost, the next one is tried again.
            return false;
        }
    }
}
