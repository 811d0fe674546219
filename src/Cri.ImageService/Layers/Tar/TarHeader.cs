using Cri.Linux;

namespace Cri.ImageService.Layers.Tar;

/// <summary>A view of one 512-byte header block: POSIX ustar, GNU and the old V7 form (tar(5)).</summary>
internal readonly ref struct TarHeader(ReadOnlySpan<byte> block)
{
    internal const int BlockSize = 512;

    private const int ChecksumOffset = 148;
    private const int ChecksumLength = 8;

    private readonly ReadOnlySpan<byte> _block = block;

    internal bool IsZero => !_block.ContainsAnyExcept((byte)0);

    internal byte Type => _block[156];

    internal ReadOnlySpan<byte> Name => Text(0, 100);

    internal ReadOnlySpan<byte> LinkName => Text(157, 100);

    internal int Permissions => (int)(Number(100, 8, "mode") & 0xFFF);

    internal long UserId => Number(108, 8, "uid");

    internal long GroupId => Number(116, 8, "gid");

    internal long Size => Number(124, 12, "size");

    internal FileTime Modified => new(Number(136, 12, "mtime"), 0);

    /// <summary>The leading directories of a ustar name; GNU keeps other things there, and star two times behind it.</summary>
    internal ReadOnlySpan<byte> Prefix => IsUstar ? Text(345, IsStar ? 131 : 155) : [];

    internal ulong Device => HasDevice ? DeviceNumber.Pack(HalfDevice(329, "devmajor"), HalfDevice(337, "devminor")) : 0;

    /// <summary>Of an old GNU sparse file, the map as far as it fits into the header.</summary>
    internal ReadOnlySpan<byte> SparseRecords => _block.Slice(386, 96);

    /// <summary>Of an old GNU sparse file, whether blocks with more of the map follow.</summary>
    internal bool IsSparseExtended => _block[482] != 0;

    /// <summary>Of an old GNU sparse file, its length with the holes.</summary>
    internal long SparseRealSize => Number(483, 12, "real size");

    private bool IsUstar => _block.Slice(257, 6).SequenceEqual("ustar\0"u8);

    private bool IsStar => _block[508..].SequenceEqual("tar\0"u8);

    private bool HasDevice => _block.Slice(257, 5).SequenceEqual("ustar"u8);

    /// <summary>A number field: octal digits, or GNU's binary form for what those cannot hold.</summary>
    internal static long Number(ReadOnlySpan<byte> bytes, string field) =>
        (bytes[0] & 0x80) != 0 ? Binary(bytes, field) : Octal(bytes, field);

    /// <summary>The checksum counts itself as spaces. Some old tars summed signed bytes.</summary>
    internal void Verify()
    {
        var (unsigned, signed) = (0L, 0L);
        for (var i = 0; i < BlockSize; i++)
        {
            var value = i is >= ChecksumOffset and < ChecksumOffset + ChecksumLength ? (byte)' ' : _block[i];
            unsigned += value;
            signed += (sbyte)value;
        }

        var stored = Number(ChecksumOffset, ChecksumLength, "checksum");
        if (stored != unsigned && stored != signed)
        {
            throw new LayerFormatException("damaged tar header: its checksum does not match");
        }
    }

    private ReadOnlySpan<byte> Text(int offset, int length)
    {
        var field = _block.Slice(offset, length);
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    private long Number(int offset, int length, string field) => Number(_block.Slice(offset, length), field);

    private uint HalfDevice(int offset, string field)
    {
        var number = Number(offset, 8, field);
        return number is >= 0 and <= uint.MaxValue ? (uint)number : throw new LayerFormatException($"damaged tar header: {field} is out of range");
    }

    // GNU: the high bit of the first byte marks a big-endian two's complement number.
    private static long Binary(ReadOnlySpan<byte> bytes, string field)
    {
        var negative = (bytes[0] & 0x40) != 0;
        var value = negative ? -1L : 0L;
        for (var i = 0; i < bytes.Length; i++)
        {
            var digit = i == 0 ? (byte)((bytes[0] & 0x7F) | (negative ? 0x80 : 0)) : bytes[i];
            if (value >> 55 != (negative ? -1 : 0))
            {
                throw new LayerFormatException($"damaged tar header: {field} is out of range");
            }

            value = (value << 8) | digit;
        }

        return value;
    }

    private static long Octal(ReadOnlySpan<byte> bytes, string field)
    {
        var value = 0L;
        var digits = bytes.Trim(" \0"u8);
        var end = digits.IndexOf((byte)0);
        foreach (var digit in end < 0 ? digits : digits[..end])
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                throw new LayerFormatException($"damaged tar header: {field} is not an octal number");
            }

            value = (value << 3) | (uint)(digit - '0');
        }

        return value;
    }
}
