namespace Cri.Streaming.Connections;

/// <summary>
/// Writes the frames of one connection, one at a time, each copied into the one buffer there is. So a caller that gives up waiting
/// leaves its frame whole: it goes out when the client reads.
/// </summary>
/// <param name="channel">Where they go.</param>
/// <param name="largest">The most bytes of one frame.</param>
#pragma warning disable CA1001 // A semaphore whose wait handle is never asked for holds nothing.
internal sealed class FrameWriter(IByteChannel channel, int largest)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly byte[] _frame = new byte[largest];
    private bool _ended;

    /// <summary>Writes one frame; waits while the client does not read.</summary>
    /// <exception cref="IOException">The client is gone, or the last frame has been written.</exception>
    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken, bool isLast = false)
    {
        try
        {
            await _turn.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (channel.Gone.IsCancellationRequested)
        {
            throw new IOException("the client is gone");
        }

        if (_ended)
        {
            _turn.Release();
            throw new IOException("the connection is closed");
        }

        _ended = isLast;
        head.CopyTo(_frame);
        payload.CopyTo(_frame.AsMemory(head.Length));
        var write = SendAsync(head.Length + payload.Length);
        await (write.IsCompleted || cancellationToken == channel.Gone ? write : write.WaitAsync(cancellationToken));
    }

    private async Task SendAsync(int length)
    {
        try
        {
            await channel.WriteAsync(_frame.AsMemory(0, length));
        }
        finally
        {
            _turn.Release();
        }
    }
}
