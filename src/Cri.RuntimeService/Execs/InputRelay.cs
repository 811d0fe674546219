using Cri.Linux;

namespace Cri.RuntimeService.Execs;

/// <summary>The input of an exec on its way from a client: a named pipe that we write and the command reads.</summary>
internal sealed class InputRelay : IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600
    private const int BufferSize = 16 << 10;

    private readonly Stream _client;
    private readonly Fd _holder;
    private readonly Fd _writer;
    private bool _runs;

    /// <summary>Makes the pipe and opens its writing end.</summary>
    public InputRelay(string path, Stream client)
    {
        Path = path;
        _client = client;
        Fifo.Create(path, OwnerOnly);
        _holder = Fifo.OpenReader(path);
        _writer = Fifo.OpenWriter(path);
    }

    /// <summary>The path that the shim opens.</summary>
    public string Path { get; }

    /// <summary>
    /// Copies until the client has closed its input, which then ends for the command as well, or the command reads no more.
    /// Call it once the command has the other end. Never throws.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _runs = true;
        _holder.Dispose();
        try
        {
            var buffer = new byte[BufferSize];
            for (int count; (count = await _client.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                if (!await FdReactor.Shared.WriteAsync(_writer, buffer.AsMemory(0, count), cancellationToken))
                {
                    return;
                }
            }
        }
        catch (Exception gone) when (gone is LinuxException or IOException or OperationCanceledException)
        {
            // The command closed its input, or the client is gone, which its token tells as well.
        }
        finally
        {
            FdReactor.Shared.Forget(_writer);
            _writer.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _holder.Dispose();
        SmallFile.Delete(Path);
        if (!_runs)
        {
            _writer.Dispose();
        }
    }
}
