using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.InteropServices;

namespace Cri.Grpc.Server.Hosting;

/// <summary>
/// Passes an HTTP/2 connection's input through unchanged but for the authority in HEADERS frames. Kestrel copies whatever it is
/// given at once, so a HEADERS frame is held back until its last byte is there; all else is passed as it comes.
/// </summary>
/// <param name="inner">The connection's input.</param>
internal sealed class AuthorityReader(PipeReader inner) : PipeReader
{
    // RFC 9113, 3.4, 4.1 and 4.2.
    private const int PrefaceLength = 24;
    private const int FrameHeaderLength = 9;
    private const int LargestFrame = 16384;
    private const byte HeadersFrame = 1;
    private const byte PaddedFlag = 0x8;
    private const byte PriorityFlag = 0x20;

    private ReadOnlySequence<byte> _buffer;
    private SequencePosition _passedEnd;

    // Up to where bytes may be passed, from the start of the buffer; past its end while a frame's payload is still to come.
    private long _passable = PrefaceLength;

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var result = Scan(await inner.ReadAsync(cancellationToken));
            if (!result.Buffer.IsEmpty || result.IsCompleted || result.IsCanceled)
            {
                return result;
            }

            inner.AdvanceTo(_buffer.Start, _buffer.End);
        }
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        result = Scan(result);
        if (!result.Buffer.IsEmpty || result.IsCompleted || result.IsCanceled)
        {
            return true;
        }

        inner.AdvanceTo(_buffer.Start, _buffer.End);
        return false;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _passable = Math.Max(0, _passable - _buffer.Slice(0, consumed).Length);

        // Who has seen all that was passed waits for more than what is held back.
        var seenAll = _buffer.Slice(examined, _passedEnd).IsEmpty;
        var end = _buffer.End;
        _buffer = default;
        inner.AdvanceTo(consumed, seenAll ? end : examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private ReadResult Scan(ReadResult result)
    {
        _buffer = result.Buffer;
        while (_buffer.Length - _passable >= FrameHeaderLength)
        {
            var length = FrameLength(_buffer.Slice(_passable, FrameHeaderLength), out var type, out var flags);
            if (type == HeadersFrame && length <= LargestFrame)
            {
                if (_buffer.Length - _passable < FrameHeaderLength + length)
                {
                    break;
                }

                Rewrite(_buffer.Slice(_passable + FrameHeaderLength, length), flags);
            }

            _passable += FrameHeaderLength + length;
        }

        var passed = result.IsCompleted ? _buffer : _buffer.Slice(0, Math.Min(_passable, _buffer.Length));
        _passedEnd = passed.End;
        return new ReadResult(passed, result.IsCanceled, result.IsCompleted);
    }

    private static int FrameLength(ReadOnlySequence<byte> header, out byte type, out byte flags)
    {
        Span<byte> bytes = stackalloc byte[FrameHeaderLength];
        header.CopyTo(bytes);
        type = bytes[3];
        flags = bytes[4];
        return BinaryPrimitives.ReadInt32BigEndian(bytes) >>> 8;
    }

    private static void Rewrite(ReadOnlySequence<byte> payload, byte flags)
    {
        var block = payload.ToArray();
        var start = ((flags & PaddedFlag) != 0 ? 1 : 0) + ((flags & PriorityFlag) != 0 ? 5 : 0);
        if (start >= block.Length || !HeaderBlock.CleanAuthority(block.AsSpan(start)))
        {
            return;
        }

        var offset = 0;
        foreach (var segment in payload)
        {
            block.AsSpan(offset, segment.Length).CopyTo(MemoryMarshal.AsMemory(segment).Span);
            offset += segment.Length;
        }
    }
}
