namespace Cri.Grpc.Server.Hosting;

/// <summary>Walks an HPACK header block (RFC 7541) as far as is needed to find a literal <c>:authority</c> and clean it.</summary>
internal static class HeaderBlock
{
    private const int AuthorityIndex = 1;
    private const byte Huffman = 0x80;

    /// <summary>Overwrites what Kestrel does not take in a host name with '-' or 'B'; true when anything changed.</summary>
    public static bool CleanAuthority(Span<byte> block)
    {
        for (var at = 0; at < block.Length;)
        {
            var first = block[at];
            var prefix = Prefix(first);
            if (!ReadInteger(block, ref at, prefix, out var index))
            {
                return false;
            }

            var isLiteral = prefix is 6 or 4;
            if (!isLiteral)
            {
                continue;
            }

            if (index == 0 && !TakeString(block, ref at, out _, out _))
            {
                return false;
            }

            if (!TakeString(block, ref at, out var value, out var coded))
            {
                return false;
            }

            if (index == AuthorityIndex)
            {
                return coded ? CleanCoded(value) : CleanPlain(value);
            }
        }

        return false;
    }

    // The bits that an index has in the first byte: indexed, literal with indexing, table size update, other literals.
    private static int Prefix(byte first) => first switch
    {
        >= 0x80 => 7,
        >= 0x40 => 6,
        >= 0x20 => 5,
        _ => 4,
    };

    private static bool ReadInteger(ReadOnlySpan<byte> block, ref int at, int prefix, out int value)
    {
        var mask = (1 << prefix) - 1;
        value = block[at++] & mask;
        for (var shift = 0; value >= mask || shift > 0; shift += 7)
        {
            if (at >= block.Length || shift > 21)
            {
                return false;
            }

            var next = block[at++];
            value += (next & 0x7f) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return true;
    }

    private static bool TakeString(Span<byte> block, ref int at, out Span<byte> value, out bool coded)
    {
        value = default;
        coded = at < block.Length && (block[at] & Huffman) != 0;
        if (at >= block.Length || !ReadInteger(block, ref at, 7, out var length) || length > block.Length - at)
        {
            return false;
        }

        value = block.Slice(at, length);
        at += length;
        return true;
    }

    private static bool CleanPlain(Span<byte> value)
    {
        var changed = false;
        foreach (ref var letter in value)
        {
            if (letter is (byte)'%' or (byte)'/' or (byte)'=' or (byte)':')
            {
                letter = letter == (byte)':' ? (byte)'B' : (byte)'-';
                changed = true;
            }
        }

        return changed;
    }

    // RFC 7541, appendix B: the codes of 5 bits end at 0x9, of 6 at 0x2d, of 7 at 0x7b, of 8 at 0xfd; rarer letters are longer
    // and do not occur in an escaped path, so the walk ends there.
    private static bool CleanCoded(Span<byte> value)
    {
        var changed = false;
        var bits = value.Length * 8;
        for (var at = 0; at + 5 <= bits;)
        {
            var length = CodeLength(Peek(value, at, bits));
            if (length == 0 || at + length > bits)
            {
                break;
            }

            var code = Peek(value, at, bits) >> (8 - length);
            if (Replacement(length, code) is { } other)
            {
                Poke(value, at, length, other);
                changed = true;
            }

            at += length;
        }

        return changed;
    }

    private static int CodeLength(int next) => next switch
    {
        < 0x50 => 5,
        < 0xb8 => 6,
        < 0xf8 => 7,
        < 0xfe => 8,
        _ => 0,
    };

    // '%' 0x15, '/' 0x18 and '=' 0x20 become '-' 0x16; ':' 0x5c becomes 'B' 0x5d.
    private static int? Replacement(int length, int code) => (length, code) switch
    {
        (6, 0x15 or 0x18 or 0x20) => 0x16,
        (7, 0x5c) => 0x5d,
        _ => null,
    };

    // The eight bits from here on, ones past the end as padding is.
    private static int Peek(ReadOnlySpan<byte> value, int at, int bits)
    {
        var window = value[at / 8] << 8 | (at / 8 + 1 < value.Length ? value[at / 8 + 1] : 0xff);
        return (window >> (8 - at % 8)) & 0xff;
    }

    private static void Poke(Span<byte> value, int at, int length, int code)
    {
        for (var i = 0; i < length; i++)
        {
            var bit = at + i;
            var mask = (byte)(0x80 >> (bit % 8));
            var one = (code >> (length - 1 - i) & 1) == 1;
            value[bit / 8] = one ? (byte)(value[bit / 8] | mask) : (byte)(value[bit / 8] & ~mask);
        }
    }
}
