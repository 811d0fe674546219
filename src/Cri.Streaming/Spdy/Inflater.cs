namespace Cri.Streaming.Spdy;

/// <summary>
/// Decompresses deflate (RFC 1951) whose input comes in portions, each flushed but not necessarily to a whole byte. The
/// framework's own zlib knows no preset dictionary, and its streams no portions.
/// </summary>
internal sealed class Inflater
{
    private const int WindowSize = 32 * 1024;
    private const int EndOfBlock = 256;
    private static readonly byte[] _order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    private static readonly Huffman _fixedLiterals = new(FixedLengths());
    private static readonly Huffman _fixedDistances = new(Enumerable.Repeat((byte)5, 30).ToArray());

    private readonly BitReader _bits = new();
    private readonly byte[] _window = new byte[WindowSize];
    private readonly List<byte> _output = [];
    private int _windowEnd;
    private long _written;
    private int _stored = -1;
    private Huffman? _literals;
    private Huffman? _distances;
    private int _limit;

    /// <summary>Begins with a dictionary in the window.</summary>
    internal Inflater(ReadOnlySpan<byte> dictionary)
    {
        foreach (var value in dictionary)
        {
            Remember(value);
        }
    }

    /// <summary>Decompresses one portion.</summary>
    /// <exception cref="SpdyException">It is malformed, or becomes longer than <paramref name="limit"/> bytes.</exception>
    internal byte[] Inflate(ReadOnlySpan<byte> portion, int limit)
    {
        _limit = limit;
        _bits.Append(portion);
        while (true)
        {
            var before = _bits.Position;
            if (!Step())
            {
                _bits.Position = before;
                break;
            }
        }

        _bits.Trim();
        var output = _output.ToArray();
        _output.Clear();
        return output;
    }

    // One block header, stored byte or symbol; false, with nothing changed but the position, when the bits do not suffice.
    private bool Step() => _stored >= 0 ? CopyStored() : _literals is not null ? Symbol() : BlockHeader();

    private bool BlockHeader()
    {
        _bits.Take(1); // whether it is the last: SPDY's stream has no end
        return _bits.Take(2) switch
        {
            -1 => false,
            0 => StoredHeader(),
            1 => Use(_fixedLiterals, _fixedDistances),
            2 => DynamicHeader(),
            _ => throw new SpdyException("compressed headers: an unknown kind of block"),
        };
    }

    private bool StoredHeader()
    {
        _bits.Align();
        var length = _bits.Take(16);
        var complement = _bits.Take(16);
        if (length < 0 || complement < 0)
        {
            return false;
        }

        if ((length ^ complement) != 0xffff)
        {
            throw new SpdyException("compressed headers: a stored block with a wrong length");
        }

        _stored = length > 0 ? length : -1;
        return true;
    }

    private bool CopyStored()
    {
        var value = _bits.Take(8);
        if (value < 0)
        {
            return false;
        }

        Emit((byte)value);
        _stored = _stored > 1 ? _stored - 1 : -1;
        return true;
    }

    private bool Use(Huffman literals, Huffman distances)
    {
        _literals = literals;
        _distances = distances;
        return true;
    }

    private bool DynamicHeader()
    {
        var literals = _bits.Take(5);
        var distances = _bits.Take(5);
        var codes = _bits.Take(4);
        if (codes < 0)
        {
            return false;
        }

        literals += 257;
        distances += 1;
        var codeLengths = new byte[19];
        for (var i = 0; i < codes + 4; i++)
        {
            var length = _bits.Take(3);
            if (length < 0)
            {
                return false;
            }

            codeLengths[_order[i]] = (byte)length;
        }

        var lengths = Lengths(new Huffman(codeLengths), literals + distances);
        return lengths is not null && Use(new Huffman(lengths.AsSpan(0, literals)), new Huffman(lengths.AsSpan(literals)));
    }

    private byte[]? Lengths(Huffman code, int count)
    {
        var lengths = new byte[count];
        for (var i = 0; i < count;)
        {
            var symbol = code.Decode(_bits);
            if (symbol is >= 0 and < 16)
            {
                lengths[i++] = (byte)symbol;
                continue;
            }

            var (extra, least) = symbol switch { 16 => (2, 3), 17 => (3, 3), _ => (7, 11) };
            var more = symbol < 0 ? -1 : _bits.Take(extra);
            if (more < 0)
            {
                return null;
            }

            var repeat = least + more;
            if (i + repeat > count || (symbol == 16 && i == 0))
            {
                throw new SpdyException("compressed headers: code lengths beyond their number");
            }

            lengths.AsSpan(i, repeat).Fill(symbol == 16 ? lengths[i - 1] : (byte)0);
            i += repeat;
        }

        return lengths;
    }

    private bool Symbol()
    {
        var symbol = _literals!.Decode(_bits);
        switch (symbol)
        {
            case < 0:
                return false;
            case < EndOfBlock:
                Emit((byte)symbol);
                return true;
            case EndOfBlock:
                _literals = null;
                _distances = null;
                return true;
            default:
                return Match(symbol - EndOfBlock - 1);
        }
    }

    private bool Match(int lengthCode)
    {
        // 29 length codes; the last one stands for 258 alone.
        var (lengthBits, length) = lengthCode switch
        {
            < 8 => (0, lengthCode + 3),
            < 28 => ((lengthCode >> 2) - 1, ((4 + (lengthCode & 3)) << ((lengthCode >> 2) - 1)) + 3),
            28 => (0, 258),
            _ => throw new SpdyException("compressed headers: an unknown length"),
        };
        var moreLength = _bits.Take(lengthBits);
        var code = moreLength < 0 ? -1 : _distances!.Decode(_bits);
        if (code < 0)
        {
            return false;
        }

        var (distanceBits, distance) = code switch
        {
            < 4 => (0, code + 1),
            < 30 => ((code >> 1) - 1, ((2 + (code & 1)) << ((code >> 1) - 1)) + 1),
            _ => throw new SpdyException("compressed headers: an unknown distance"),
        };
        var moreDistance = _bits.Take(distanceBits);
        if (moreDistance < 0)
        {
            return false;
        }

        Copy(length + moreLength, distance + moreDistance);
        return true;
    }

    private void Copy(int length, int distance)
    {
        if (distance > _written)
        {
            throw new SpdyException("compressed headers: a distance beyond the beginning");
        }

        for (var i = 0; i < length; i++)
        {
            Emit(_window[(_windowEnd - distance + WindowSize) % WindowSize]);
        }
    }

    private void Emit(byte value)
    {
        if (_output.Count >= _limit)
        {
            throw new SpdyException($"compressed headers: more than {_limit} bytes in one frame");
        }

        _output.Add(value);
        Remember(value);
    }

    private void Remember(byte value)
    {
        _window[_windowEnd] = value;
        _windowEnd = (_windowEnd + 1) % WindowSize;
        _written++;
    }

    private static byte[] FixedLengths()
    {
        var lengths = new byte[288];
        lengths.AsSpan().Fill(8);
        lengths.AsSpan(144, 112).Fill(9);
        lengths.AsSpan(256, 24).Fill(7);
        return lengths;
    }
}
