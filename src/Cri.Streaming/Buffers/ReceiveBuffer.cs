namespace Cri.Streaming.Buffers;

/// <summary>What a client has sent on one stream and nobody has read yet: bounded, one writer, one reader.</summary>
/// <param name="pool">The pool of the connection.</param>
/// <param name="limit">The most bytes of this stream; one piece may go beyond it.</param>
/// <param name="consumed">Told how many bytes were read; must not wait.</param>
internal sealed class ReceiveBuffer(ReceivePool pool, int limit, Action<int>? consumed = null)
{
    // What a piece costs beside its bytes, and counts for: else a client that sends byte by byte would fill our memory.
    private const int PieceCost = 64;

    private readonly Queue<ReadOnlyMemory<byte>> _pieces = new();
    private int _head;
    private int _length;
    private bool _ended;
    private bool _discards;
    private Exception? _error;
    private TaskCompletionSource? _readable;

    /// <summary>Copies bytes in; waits while there is no room. After <see cref="Discard"/> they are dropped.</summary>
    internal async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        while (WaitForRoom(bytes) is { } room)
        {
            await room.WaitAsync(cancellationToken);
        }
    }

    /// <summary>No more comes; a reader gets what is there, then 0 bytes or <paramref name="error"/>.</summary>
    internal void End(Exception? error = null)
    {
        lock (pool.Gate)
        {
            if (!_ended)
            {
                _ended = true;
                _error = error;
                WakeReader();
            }
        }
    }

    /// <summary>Nobody reads any more: what is there and what still comes is dropped.</summary>
    internal void Discard()
    {
        lock (pool.Gate)
        {
            _discards = true;
            _pieces.Clear();
            _head = 0;
            Count(-_length);
            pool.Wake();
        }
    }

    /// <summary>Reads at least one byte, or 0 at the end.</summary>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task readable;
            lock (pool.Gate)
            {
                if (_pieces.Count > 0 || buffer.IsEmpty)
                {
                    break;
                }

                if (_ended)
                {
                    return _error is null ? 0 : throw _error;
                }

                readable = (_readable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await readable.WaitAsync(cancellationToken);
        }

        var count = Take(buffer.Span);
        consumed?.Invoke(count);
        return count;
    }

    // Null when the bytes are in, or dropped.
    private Task? WaitForRoom(ReadOnlyMemory<byte> bytes)
    {
        lock (pool.Gate)
        {
            if (_discards || _ended)
            {
                return null;
            }

            if (_length >= limit || !pool.HasRoom)
            {
                return pool.RoomAsync();
            }

            _pieces.Enqueue(bytes.ToArray());
            Count(bytes.Length + PieceCost);
            WakeReader();
            return null;
        }
    }

    private int Take(Span<byte> buffer)
    {
        lock (pool.Gate)
        {
            var (taken, freed) = (0, 0);
            while (taken < buffer.Length && _pieces.TryPeek(out var piece))
            {
                var count = Math.Min(piece.Length - _head, buffer.Length - taken);
                piece.Span.Slice(_head, count).CopyTo(buffer[taken..]);
                taken += count;
                _head += count;
                if (_head == piece.Length)
                {
                    _pieces.Dequeue();
                    _head = 0;
                    freed += PieceCost;
                }
            }

            Count(-taken - freed);
            return taken;
        }
    }

    private void Count(int bytes)
    {
        _length += bytes;
        pool.Count(bytes);
    }

    private void WakeReader()
    {
        _readable?.TrySetResult();
        _readable = null;
    }
}
