using Cri.Linux;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// One output stream of an exec: a named pipe that the shim writes and we read, so that any shim can serve it. What comes
/// after the cap is read and dropped, so the command never stalls.
/// </summary>
public sealed class ExecPipe : IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600
    private const int BufferSize = 64 << 10;
    private readonly MemoryStream _content = new();
    private readonly int _cap;
    private readonly Fd _reader;
    private bool _taken;

    /// <summary>Makes the pipe and opens its reading end.</summary>
    public ExecPipe(string path, int cap)
    {
        Path = path;
        _cap = cap;
        Fifo.Create(path, OwnerOnly);
        _reader = Fifo.OpenReader(path);
    }

    /// <summary>The path that the shim opens.</summary>
    public string Path { get; }

    /// <summary>Reads until every writer has closed; to be called once a writer has opened the pipe.</summary>
    public async Task ReadAsync()
    {
        var buffer = new byte[BufferSize];
        while (true)
        {
            var count = await FdReactor.Shared.ReadAsync(_reader, buffer);
            if (count <= 0 || !Keep(buffer.AsSpan(0, count)))
            {
                return;
            }
        }
    }

    /// <summary>What was read so far; later output is dropped.</summary>
    public byte[] Take()
    {
        lock (_content)
        {
            _taken = true;
            return _content.ToArray();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        FdReactor.Shared.Forget(_reader);
        _reader.Dispose();
        File.Delete(Path);
    }

    private bool Keep(ReadOnlySpan<byte> bytes)
    {
        lock (_content)
        {
            if (_taken)
            {
                return false;
            }

            _content.Write(bytes[..(int)Math.Min(bytes.Length, _cap - _content.Length)]);
            return true;
        }
    }
}
