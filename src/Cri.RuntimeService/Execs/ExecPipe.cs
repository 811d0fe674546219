using Cri.Linux;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// One output stream of an exec: a named pipe that the command writes and we read. What comes after the cap is read and dropped,
/// so the command never stalls.
/// </summary>
internal sealed class ExecPipe : IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600
    private const int BufferSize = 64 << 10;
    private readonly MemoryStream _content = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly int _cap;
    private readonly Fd _reader;

    /// <summary>Makes the pipe and opens its reading end.</summary>
    public ExecPipe(string path, int cap)
    {
        Path = path;
        _cap = cap;
        Fifo.Create(path, OwnerOnly);
        try
        {
            _reader = Fifo.OpenReader(path);
        }
        catch
        {
            SmallFile.Delete(path);
            throw;
        }
    }

    /// <summary>The path that the shim opens.</summary>
    public string Path { get; }

    /// <summary>What was read, once <see cref="ReadAsync"/> is over.</summary>
    public byte[] Content => _content.ToArray();

    /// <summary>Reads until every writer has closed or <see cref="End"/>; to be called once a writer has opened the pipe.</summary>
    public async Task ReadAsync()
    {
        var buffer = new byte[BufferSize];
        for (int count; !_ended.IsCancellationRequested && (count = await FdReactor.Shared.ReadAsync(_reader, buffer, _ended.Token)) > 0;)
        {
            Keep(buffer, count);
        }

        // What had come before the end, when this had no chance to run meanwhile; a pipe holds no more than the buffer.
        Keep(buffer, FdStream.Read(_reader, buffer));
    }

    /// <summary>Waits for no more output.</summary>
    public void End() => _ended.Cancel();

    private void Keep(byte[] buffer, int count) => _content.Write(buffer, 0, (int)Math.Clamp(count, 0, _cap - _content.Length));

    /// <inheritdoc/>
    public void Dispose()
    {
        FdReactor.Shared.Forget(_reader);
        _reader.Dispose();
        _ended.Dispose();
        SmallFile.Delete(Path);
    }
}
