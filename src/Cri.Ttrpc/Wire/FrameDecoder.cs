namespace Cri.Ttrpc.Wire;

/// <summary>Receives a whole frame. The payload is valid during the call only; it is empty and
/// <paramref name="oversized"/> is set when the frame exceeded <see cref="FrameHeader.MaxPayload"/> and was skipped.</summary>
public delegate void FrameReceiver(FrameHeader header, ReadOnlySpan<byte> payload, bool oversized);

/// <summary>Cuts a byte stream into frames. Holds memory only while a frame is incomplete.</summary>
public sealed class FrameDecoder(FrameReceiver receiver)
{
    private byte[] _partial = [];
    private int _held;
    private long _toSkip;

    /// <summary>Takes the next bytes of the stream and hands on every frame they complete.</summary>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = _toSkip > 0 ? Skip(bytes) : _held > 0 ? Complete(bytes) : Whole(bytes);
        }
    }

    private ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> bytes)
    {
        var count = (int)Math.Min(_toSkip, bytes.Length);
        _toSkip -= count;
        return bytes[count..];
    }

    // The usual case: the frame lies in one piece in the caller's buffer.
    private ReadOnlySpan<byte> Whole(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FrameHeader.Size)
        {
            return Hold(bytes, FrameHeader.Size);
        }

        var header = FrameHeader.Read(bytes);
        var rest = bytes[FrameHeader.Size..];
        if (header.Length > FrameHeader.MaxPayload)
        {
            return Reject(header, rest);
        }

        if (rest.Length < header.Length)
        {
            return Hold(bytes, FrameHeader.Size + (int)header.Length);
        }

        receiver(header, rest[..(int)header.Length], false);
        return rest[(int)header.Length..];
    }

    private ReadOnlySpan<byte> Complete(ReadOnlySpan<byte> bytes)
    {
        if (_held < FrameHeader.Size)
        {
            bytes = Fill(bytes, FrameHeader.Size);
            if (_held < FrameHeader.Size)
            {
                return bytes;
            }
        }

        var header = FrameHeader.Read(_partial);
        if (header.Length > FrameHeader.MaxPayload)
        {
            Release();
            return Reject(header, bytes);
        }

        var total = FrameHeader.Size + (int)header.Length;
        bytes = Fill(bytes, total);
        if (_held == total)
        {
            var frame = _partial;
            Release();
            receiver(header, frame.AsSpan(FrameHeader.Size, (int)header.Length), false);
        }

        return bytes;
    }

    private ReadOnlySpan<byte> Reject(FrameHeader header, ReadOnlySpan<byte> rest)
    {
        _toSkip = header.Length;
        receiver(header, default, true);
        return rest;
    }

    private ReadOnlySpan<byte> Hold(ReadOnlySpan<byte> bytes, int total)
    {
        // Grown as bytes arrive, so that a header alone cannot make us allocate megabytes.
        _partial = new byte[Math.Min(total, Math.Max(bytes.Length, 4096))];
        bytes.CopyTo(_partial);
        _held = bytes.Length;
        return default;
    }

    private ReadOnlySpan<byte> Fill(ReadOnlySpan<byte> bytes, int total)
    {
        var count = Math.Min(total - _held, bytes.Length);
        if (_held + count > _partial.Length)
        {
            Array.Resize(ref _partial, Math.Min(total, Math.Max(_held + count, _partial.Length * 2)));
        }

        bytes[..count].CopyTo(_partial.AsSpan(_held));
        _held += count;
        return bytes[count..];
    }

    private void Release()
    {
        _partial = [];
        _held = 0;
    }
}
