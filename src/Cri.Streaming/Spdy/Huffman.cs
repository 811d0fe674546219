namespace Cri.Streaming.Spdy;

/// <summary>A canonical Huffman code (RFC 1951, section 3.2.2).</summary>
internal sealed class Huffman
{
    private const int LongestCode = 15;
    private readonly int[] _counts = new int[LongestCode + 1];
    private readonly int[] _symbols;

    /// <summary>The code with these lengths in bits, one for each symbol; 0 is a symbol that is not used.</summary>
    /// <exception cref="SpdyException">There are more codes than the lengths allow.</exception>
    internal Huffman(ReadOnlySpan<byte> lengths)
    {
        _symbols = new int[lengths.Length];
        foreach (var length in lengths)
        {
            _counts[length]++;
        }

        _counts[0] = 0;
        var left = 1;
        var offsets = new int[LongestCode + 2];
        for (var length = 1; length <= LongestCode; length++)
        {
            left = (left << 1) - _counts[length];
            offsets[length + 1] = offsets[length] + _counts[length];
            if (left < 0)
            {
                throw new SpdyException("compressed headers: an impossible Huffman code");
            }
        }

        for (var symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] != 0)
            {
                _symbols[offsets[lengths[symbol]]++] = symbol;
            }
        }
    }

    /// <summary>Reads one symbol; -1 when the bits end before it does.</summary>
    internal int Decode(BitReader bits)
    {
        var code = 0;
        var first = 0;
        var index = 0;
        for (var length = 1; length <= LongestCode; length++)
        {
            var bit = bits.Take(1);
            if (bit < 0)
            {
                return -1;
            }

            code |= bit;
            var count = _counts[length];
            if (code - count < first)
            {
                return _symbols[index + (code - first)];
            }

            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }

        throw new SpdyException("compressed headers: a Huffman code that stands for nothing");
    }
}
