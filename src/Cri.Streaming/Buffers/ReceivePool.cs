namespace Cri.Streaming.Buffers;

/// <summary>
/// The bytes that one connection holds for streams whose readers are slow. Its only writer is the connection's read loop, which
/// waits once the pool, or the share of one stream, is full: TCP then holds the client back.
/// </summary>
/// <param name="limit">The most bytes of all streams together; one piece may go beyond it.</param>
internal sealed class ReceivePool(int limit)
{
    private int _used;
    private TaskCompletionSource? _room;

    /// <summary>Guards this pool and all buffers in it; never held while something waits.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>True when there is room; under the gate.</summary>
    internal bool HasRoom => _used < limit;

    /// <summary>Counts bytes in (positive) or out (negative), under the gate, and wakes the writer for the latter.</summary>
    internal void Count(int bytes)
    {
        _used += bytes;
        if (bytes < 0)
        {
            Wake();
        }
    }

    /// <summary>Lets the writer look again; under the gate.</summary>
    internal void Wake()
    {
        _room?.TrySetResult();
        _room = null;
    }

    /// <summary>Completes when bytes have been taken or a buffer has been given up; under the gate.</summary>
    internal Task RoomAsync() => (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
}
