using Cri.Linux;

namespace Cri.RuntimeService.Execs;

/// <summary>
/// One output stream of an exec on its way to a client: a named pipe that the command writes and we read, one buffer at a
/// time, so that a client that does not read stalls the command and nothing else.
/// </summary>
internal sealed class OutputRelay : IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600
    private const int BufferSize = 32 << 10;

    // What the command itself wrote fits in its pipe and, with a terminal, in ours: the rest is its children's.
    private const int LastOutput = 256 << 10;

    private readonly Stream _client;
    private readonly Fd _reader;
    private readonly CancellationTokenSource _ended = new();

    /// <summary>Makes the pipe and opens its reading end.</summary>
    public OutputRelay(string path, Stream client)
    {
        Path = path;
        _client = client;
        Fifo.Create(path, OwnerOnly);
        _reader = Fifo.OpenReader(path);
    }

    /// <summary>The path that the shim opens.</summary>
    public string Path { get; }

    /// <summary>
    /// Copies until every writer has closed, or <see cref="End"/> was called and what was there then is copied. Throws
    /// <see cref="IOException"/> when the client is gone.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended.Token);
        var buffer = new byte[BufferSize];
        for (int count; !_ended.IsCancellationRequested && (count = await FdReactor.Shared.ReadAsync(_reader, buffer, stop.Token)) > 0;)
        {
            await _client.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        for (int left = LastOutput, count; left > 0 && (count = FdStream.Read(_reader, buffer)) > 0; left -= count)
        {
            await _client.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        await _client.FlushAsync(cancellationToken);
    }

    /// <summary>Waits for no more output.</summary>
    public void End() => _ended.Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        FdReactor.Shared.Forget(_reader);
        _reader.Dispose();
        _ended.Dispose();
        SmallFile.Delete(Path);
    }
}
