using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.InteropServices;

namespace Cri.Grpc.Server.Hosting;

/// <summary>
/// Passes an HTTP/2 connection's input through unchanged but for the authority in HEADERS frames. Kestrel acts on whole frames
/// only, so each is looked at once, when its last byte is there and before Kestrel sees it.
/// </summary>
/// <param name="inner">The connection's input.</param>
internal sealed class AuthorityReader(PipeReader inner) : PipeReader
{
    // RFC 9113, 3.4 and 4.1.
    private const int PrefaceLength = 24;
    private const int FrameHeaderLength = 9;
    private const byte HeadersFrame = 1;
    private const byte PaddedFlag = 0x8;
    private const byte PriorityFlag = 0x20;

    private ReadOnlySequence<byte> _buffer;
    private long _scanned;
    private bool _prefaceSeen;

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Scan(await inner.ReadAsync(cancellationToken));

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        var some = inner.TryRead(out result);
        if (some)
        {
            Scan(result);
        }

        return some;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _scanned = Math.Max(0, _scanned - _buffer.Slice(0, consumed).Length);
        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private ReadResult Scan(ReadResult result)
    {
        _buffer = result.Buffer;
        if (!_prefaceSeen && _buffer.Length >= PrefaceLength)
        {
            _prefaceSeen = true;
            _scanned = PrefaceLength;
        }

        while (_prefaceSeen && _buffer.Length - _scanned >= FrameHeaderLength)
        {
            var length = FrameLength(_buffer.Slice(_scanned, FrameHeaderLength), out var type, out var flags);
            if (_buffer.Length - _scanned < FrameHeaderLength + length)
            {
                break;
            }

            if (type == HeadersFrame)
            {
                Rewrite(_buffer.Slice(_scanned + FrameHeaderLength, length), flags);
            }

            _scanned += FrameHeaderLength + length;
        }

        return result;
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
