using System.Buffers.Text;

namespace Cri.ImageService.Layers.Tar;

/// <summary>
/// Collects where the content of a sparse file belongs, in any of the four forms that GNU tar writes ("Storing Sparse
/// Files" of its manual): blocks of the old GNU format, and the PAX versions 0.0, 0.1 and 1.0.
/// </summary>
internal sealed class SparseMap
{
    /// <summary>The most regions that a file may have: 4 MiB of memory.</summary>
    private const int RegionsMax = 1 << 18;

    private const int OldRecordSize = 24;
    private const int OldRecordsInHeader = 4;
    private const int OldRecordsInBlock = 21;

    private readonly List<SparseRegion> _regions = [];
    private long? _pendingOffset;

    /// <summary>The length of the file with its holes; null until it was said.</summary>
    internal long? RealSize { get; private set; }

    /// <summary>The name of the file, where the entry's own is a stand-in for readers that know no sparse files.</summary>
    internal byte[]? Name { get; private set; }

    /// <summary>True for version 1.0, which keeps the map in front of the content.</summary>
    internal bool IsInContent { get; private set; }

    /// <summary>Takes the record <c>GNU.sparse.<paramref name="key"/></c> of a PAX header.</summary>
    internal void Apply(string key, ReadOnlySpan<byte> value)
    {
        switch (key)
        {
            case "major":
                IsInContent = Number(value) switch
                {
                    0 => false,
                    1 => true,
                    var major => throw new LayerFormatException($"sparse files of version {major} are not supported"),
                };
                break;
            case "name":
                Name = value.ToArray();
                break;
            case "size" or "realsize":
                RealSize = Number(value);
                break;
            case "offset":
                _pendingOffset = Number(value);
                break;
            case "numbytes":
                Add(_pendingOffset ?? throw Damaged(), Number(value));
                _pendingOffset = null;
                break;
            case "map":
                AddPairs(value);
                break;
            default:
                break;
        }
    }

    /// <summary>Takes the map of an old GNU header; true when extension blocks follow.</summary>
    internal bool ApplyHeader(TarHeader header)
    {
        RealSize = header.SparseRealSize;
        AddOld(header.SparseRecords, OldRecordsInHeader);
        return header.IsSparseExtended;
    }

    /// <summary>Takes an extension block of an old GNU header; true when another one follows.</summary>
    internal bool ApplyExtension(ReadOnlySpan<byte> block)
    {
        AddOld(block, OldRecordsInBlock);
        return block[OldRecordsInBlock * OldRecordSize] != 0;
    }

    /// <summary>Reads the map that stands in front of the content: decimal numbers, each with a newline, in whole blocks.</summary>
    /// <param name="readBlock">The next block of the content.</param>
    internal void ReadFromContent(Func<ReadOnlyMemory<byte>> readBlock)
    {
        var block = ReadOnlyMemory<byte>.Empty;
        for (var left = Next(); left > 0; left--)
        {
            Add(Next(), Next());
        }

        long Next()
        {
            Span<byte> digits = stackalloc byte[20];
            for (var count = 0; count < digits.Length; count++)
            {
                block = block.IsEmpty ? readBlock() : block;
                digits[count] = block.Span[0];
                block = block[1..];
                if (digits[count] == '\n')
                {
                    return Number(digits[..count]);
                }
            }

            throw Damaged();
        }
    }

    /// <summary>The regions in order.</summary>
    /// <param name="stored">How many bytes of content the archive has.</param>
    /// <exception cref="LayerFormatException">They overlap, leave the file, or need more or less content than there is.</exception>
    internal IReadOnlyList<SparseRegion> Regions(long stored)
    {
        var end = 0L;
        foreach (var region in _regions)
        {
            if (region.Offset < end || region.Length > RealSize - region.Offset)
            {
                throw Damaged();
            }

            end = region.Offset + region.Length;
        }

        return RealSize >= 0 && _pendingOffset is null && _regions.Sum(region => region.Length) == stored ? _regions : throw Damaged();
    }

    private void AddOld(ReadOnlySpan<byte> records, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var record = records.Slice(i * OldRecordSize, OldRecordSize);
            if (record[0] == 0)
            {
                return;
            }

            Add(TarHeader.Number(record[..12], "sparse offset"), TarHeader.Number(record[12..], "sparse length"));
        }
    }

    private void AddPairs(ReadOnlySpan<byte> value)
    {
        long? offset = null;
        foreach (var range in value.Split((byte)','))
        {
            var number = Number(value[range]);
            if (offset is null)
            {
                offset = number;
            }
            else
            {
                Add(offset.Value, number);
                offset = null;
            }
        }

        if (offset is not null)
        {
            throw Damaged();
        }
    }

    private void Add(long offset, long length)
    {
        if (offset < 0 || length < 0 || _regions.Count == RegionsMax)
        {
            throw Damaged();
        }

        _regions.Add(new SparseRegion(offset, length));
    }

    private static long Number(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length && number >= 0 ? number : throw Damaged();

    private static LayerFormatException Damaged() => new("damaged map of a sparse file");
}
