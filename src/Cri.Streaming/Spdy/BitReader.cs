namespace Cri.Streaming.Spdy;

/// <summary>Reads bits, the least significant of each byte first (RFC 1951, section 3.1.1), from bytes that come in portions.</summary>
internal sealed class BitReader
{
    private byte[] _bytes = [];
    private int _length;

    /// <summary>The position in bits; set it to go back to what <see cref="Trim"/> has kept.</summary>
    internal int Position { get; set; }

    /// <summary>The bits that are there.</summary>
    internal int Available => (_length * 8) - Position;

    /// <summary>Adds bytes at the end.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length < _length + bytes.Length)
        {
            Array.Resize(ref _bytes, _length + bytes.Length);
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Up to 16 bits as a number; -1 when there are fewer.</summary>
    internal int Take(int count)
    {
        if (Available < count)
        {
            return -1;
        }

        var value = 0;
        for (var bit = 0; bit < count; bit++, Position++)
        {
            value |= ((_bytes[Position >> 3] >> (Position & 7)) & 1) << bit;
        }

        return value;
    }

    /// <summary>Goes on to the next whole byte.</summary>
    internal void Align() => Position = (Position + 7) & ~7;

    /// <summary>Forgets the whole bytes before the position.</summary>
    internal void Trim()
    {
        var whole = Position >> 3;
        _bytes.AsSpan(whole, _length - whole).CopyTo(_bytes);
        _length -= whole;
        Position &= 7;
        if (_bytes.Length > 4096 && _length < 1024)
        {
            Array.Resize(ref _bytes, 1024);
        }
    }
}
