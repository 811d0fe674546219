using Cri.Shim.Loop;

namespace Cri.Shim.Io;

/// <summary>Output of both streams to one log file in the CRI's format; formatted on the loop, written on the disk thread.</summary>
internal sealed class CriLog : OutputSink
{
    private readonly DiskThread _disk;
    private readonly BufferPool _buffers;
    private readonly CriLogFile _file;
    private readonly CriLines _stdout = new("stdout");
    private readonly CriLines _stderr = new("stderr");

    private CriLog(DiskThread disk, BufferPool buffers, CriLogFile file)
    {
        _disk = disk;
        _buffers = buffers;
        _file = file;
    }

    /// <summary>Opens the log; its directory must exist.</summary>
    public static async Task<CriLog> OpenAsync(DiskThread disk, BufferPool buffers, string path) =>
        new(disk, buffers, await disk.RunAsync(() => new CriLogFile(path)));

    public override async Task WriteAsync(byte[] buffer, int count, bool isStderr)
    {
        var lines = isStderr ? _stderr : _stdout;
        var output = _buffers.Rent();
        for (var offset = 0; offset < count;)
        {
            await WriteAsync(output, lines.Format(buffer, ref offset, count, output));
        }

        _buffers.Return(output);
    }

    public override async Task EndAsync(bool isStderr)
    {
        var output = _buffers.Rent();
        await WriteAsync(output, (isStderr ? _stderr : _stdout).End(output));
        _buffers.Return(output);
    }

    public override Task ReopenAsync() => _disk.RunAsync(() =>
    {
        _file.Reopen();
        return true;
    });

    public override Task CloseAsync() => _disk.RunAsync(() =>
    {
        _file.Dispose();
        return true;
    });

    private Task WriteAsync(byte[] output, int length) => length == 0 ? Task.CompletedTask : _disk.RunAsync(() =>
    {
        _file.Write(output.AsSpan(0, length));
        return true;
    });
}
