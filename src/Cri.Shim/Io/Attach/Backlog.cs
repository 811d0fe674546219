using Cri.Shim.Loop;

namespace Cri.Shim.Io.Attach;

/// <summary>Bytes that wait to be sent, in lent buffers, so that an empty one costs nothing.</summary>
internal sealed class Backlog(BufferPool buffers)
{
    private readonly Queue<byte[]> _chunks = new();
    private byte[] _last = [];
    private int _start;
    private int _end;

    /// <summary>Bytes in it.</summary>
    public int Length { get; private set; }

    /// <summary>The first of them.</summary>
    public ReadOnlySpan<byte> Head =>
        Length == 0 ? default : _chunks.Peek().AsSpan(_start, (_chunks.Count == 1 ? _end : BufferPool.BufferSize) - _start);

    /// <summary>Adds bytes at the end.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_chunks.Count == 0 || _end == BufferPool.BufferSize)
            {
                _chunks.Enqueue(_last = buffers.Rent());
                _end = 0;
            }

            var count = Math.Min(bytes.Length, BufferPool.BufferSize - _end);
            bytes[..count].CopyTo(_last.AsSpan(_end));
            _end += count;
            Length += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Removes bytes of <see cref="Head"/>.</summary>
    public void Consume(int count)
    {
        _start += count;
        Length -= count;
        if (count > 0 && (Length == 0 || _start == BufferPool.BufferSize))
        {
            buffers.Return(_chunks.Dequeue());
            _start = 0;
        }
    }

    /// <summary>Removes everything.</summary>
    public void Clear()
    {
        while (Length > 0)
        {
            Consume(Head.Length);
        }
    }
}
