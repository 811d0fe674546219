namespace Cri.ImageService.Registry;

/// <summary>A part of a blob that is fetched before its turn: one fills it, one reads what is there so far.</summary>
internal sealed class BlobPart(long start, int length, byte[] memory)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _filled;
    private bool _isOver;

    /// <summary>The offset of its first byte in the blob.</summary>
    internal long Start => start;

    /// <summary>The offset after its last byte.</summary>
    internal long End => start + length;

    /// <summary>Its memory, larger than it may be.</summary>
    internal byte[] Memory => memory;

    /// <summary>What is still to be filled; for the one who fills.</summary>
    internal Memory<byte> Rest => memory.AsMemory(_filled, length - _filled);

    /// <summary>Adds what was written to <see cref="Rest"/>.</summary>
    internal void Advance(int count) => Change(() => _filled += count);

    /// <summary>Says that no more will come.</summary>
    internal void Finish() => Change(() => _isOver = true);

    /// <summary>What is there from an offset within the part on; empty when no more will come.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> ReadAsync(int offset, CancellationToken cancellation)
    {
        while (true)
        {
            Task change;
            lock (_lock)
            {
                if (_filled > offset || _isOver)
                {
                    return memory.AsMemory(offset, _filled - offset);
                }

                change = _change.Task;
            }

            await change.WaitAsync(cancellation);
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            change();
            waiting = _change;
            _change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }
}
