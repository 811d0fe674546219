using System.Buffers;
using System.Runtime.ExceptionServices;

namespace Cri.ImageService.Layers;

/// <summary>
/// Reads a stream on a thread of its own, a few buffers ahead of who reads this one: so that decompressing and hashing go on
/// while files are written. What the source throws comes out of <see cref="Read"/>, in its place.
/// </summary>
internal sealed class ReadAheadStream : ReadOnlyStream
{
    private const int BufferSize = 128 * 1024;
    private const int Ahead = 4;

    private readonly Stream _source;
    private readonly Thread _thread;
    private readonly object _gate = new();
    private readonly Queue<(byte[] Buffer, int Count)> _full = new();
    private readonly Stack<byte[]> _empty = new();
    private ExceptionDispatchInfo? _failure;
    private bool _isEnd;
    private bool _isAbandoned;

    private byte[]? _current;
    private int _start;
    private int _end;

    /// <summary>Begins to read <paramref name="source"/>, which the caller keeps, and may not use before this is disposed.</summary>
    internal ReadAheadStream(Stream source)
    {
        _source = source;
        for (var i = 0; i < Ahead; i++)
        {
            _empty.Push(ArrayPool<byte>.Shared.Rent(BufferSize));
        }

        _thread = new Thread(Fill, maxStackSize: 256 * 1024) { IsBackground = true, Name = "layer-read" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || (_start == _end && !NextBuffer()))
        {
            return 0;
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _current.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _isAbandoned = true;
            Monitor.PulseAll(_gate);
        }

        // The source may have to be told to end as well: see who owns it.
        _thread.Join();
        ReturnBuffers();
        base.Dispose(disposing);
    }

    private bool NextBuffer()
    {
        lock (_gate)
        {
            if (_current is not null)
            {
                _empty.Push(_current);
                _current = null;
                Monitor.PulseAll(_gate);
            }

            while (_full.Count == 0 && !_isEnd)
            {
                Monitor.Wait(_gate);
            }

            if (_full.Count == 0)
            {
                _failure?.Throw();
                return false;
            }

            (_current, _end) = _full.Dequeue();
            _start = 0;
            return true;
        }
    }

    private void Fill()
    {
        try
        {
            while (TakeEmpty() is { } buffer)
            {
                var count = FillOne(buffer);
                Put(buffer, count);
                if (count < BufferSize)
                {
                    break;
                }
            }
        }
        catch (Exception error)
        {
            _failure = ExceptionDispatchInfo.Capture(error);
        }

        lock (_gate)
        {
            _isEnd = true;
            Monitor.PulseAll(_gate);
        }
    }

    private byte[]? TakeEmpty()
    {
        lock (_gate)
        {
            while (_empty.Count == 0 && !_isAbandoned)
            {
                Monitor.Wait(_gate);
            }

            return _isAbandoned ? null : _empty.Pop();
        }
    }

    // Full unless the source ended.
    private int FillOne(byte[] buffer)
    {
        var count = 0;
        int read;
        while (count < BufferSize && (read = _source.Read(buffer, count, BufferSize - count)) > 0)
        {
            count += read;
        }

        return count;
    }

    private void Put(byte[] buffer, int count)
    {
        lock (_gate)
        {
            if (count > 0)
            {
                _full.Enqueue((buffer, count));
            }
            else
            {
                _empty.Push(buffer);
            }

            Monitor.PulseAll(_gate);
        }
    }

    private void ReturnBuffers()
    {
        if (_current is not null)
        {
            ArrayPool<byte>.Shared.Return(_current);
            _current = null;
        }

        (_start, _end) = (0, 0);
        while (_full.TryDequeue(out var full))
        {
            ArrayPool<byte>.Shared.Return(full.Buffer);
        }

        while (_empty.TryPop(out var empty))
        {
            ArrayPool<byte>.Shared.Return(empty);
        }
    }
}
