using Cri.Streaming.Connections;

namespace Cri.Streaming.Tests.Fuzz;

/// <summary>A client that sends what it has, in pieces, reads everything, and is then gone.</summary>
internal sealed class MemoryChannel(byte[] input) : IByteChannel, IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private readonly Random _random = new(input.Length);
    private int _read;

    public CancellationToken Gone => _gone.Token;

    /// <summary>The bytes that it was sent.</summary>
    internal long Received { get; private set; }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        // What was read is worked on meanwhile, as with a real client.
        await Task.Yield();
        if (_read == input.Length || _gone.IsCancellationRequested)
        {
            await _gone.CancelAsync();
            throw new IOException("the client is gone");
        }

        var count = Math.Min(_random.Next(1, 4096), Math.Min(buffer.Length, input.Length - _read));
        input.AsMemory(_read, count).CopyTo(buffer);
        _read += count;
        return count;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        Received += bytes.Length;
        return _gone.IsCancellationRequested ? throw new IOException("the client is gone") : ValueTask.CompletedTask;
    }

    public ValueTask ShutdownAsync() => ValueTask.CompletedTask;

    public void Abort() => _gone.Cancel();

    public void Dispose() => _gone.Dispose();
}
