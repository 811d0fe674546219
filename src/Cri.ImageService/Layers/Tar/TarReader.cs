using System.Text;

namespace Cri.ImageService.Layers.Tar;

/// <summary>
/// Reads a tar stream entry by entry, in one pass: v7, ustar, star, PAX, and GNU's long names and sparse files. Everything
/// is bounded; what is damaged or not supported is a <see cref="LayerFormatException"/>.
/// <code>
/// while (reader.Next() is { } entry) { while ((n = reader.ReadContent(buffer)) > 0) ... }
/// </code>
/// </summary>
internal sealed class TarReader(Stream stream)
{
    /// <summary>The most bytes of extended headers that an entry may have: paths are at most 4 KiB and an attribute at most 64 KiB.</summary>
    private const int ExtendedHeaderMax = 1 << 20;

    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private PaxHeader _global = new();
    private long _extensionLeft;
    private long _contentLeft;
    private int _paddingLeft;

    /// <summary>The next entry, after skipping what is left of the current one; null at the end of the archive.</summary>
    internal TarEntry? Next()
    {
        PaxHeader? pax = null;
        _extensionLeft = ExtendedHeaderMax;
        while (true)
        {
            SkipContent();
            if (!ReadBlock())
            {
                return null;
            }

            var header = new TarHeader(_block);
            if (header.IsZero)
            {
                return null;
            }

            header.Verify();
            if (header.Type == 'g')
            {
                ReadGlobal(header);
            }
            else if (!ReadExtension(header, pax ??= new PaxHeader(_global)))
            {
                return ToEntry(header, pax);
            }
        }
    }

    /// <summary>Reads some of the current entry's content, of a sparse file its regions one after the other; 0 at its end.</summary>
    internal int ReadContent(Span<byte> buffer)
    {
        if (_contentLeft == 0)
        {
            return 0;
        }

        var count = stream.Read(buffer[..(int)Math.Min(buffer.Length, _contentLeft)]);
        if (count == 0)
        {
            throw Truncated();
        }

        _contentLeft -= count;
        return count;
    }

    // True when the block was an extension of the entry that follows; the extension is then in pax.
    private bool ReadExtension(TarHeader header, PaxHeader pax)
    {
        switch (header.Type)
        {
            case (byte)'x':
                pax.Add(ReadExtensionContent(header.Size));
                return true;
            case (byte)'L':
                pax.Name = WithoutNul(ReadExtensionContent(header.Size));
                return true;
            case (byte)'K':
                pax.LinkName = WithoutNul(ReadExtensionContent(header.Size));
                return true;
            default:
                return false;
        }
    }

    // Records for all the entries that follow: git writes a comment.
    private void ReadGlobal(TarHeader header)
    {
        var global = new PaxHeader(_global);
        global.Add(ReadExtensionContent(header.Size));
        _global = !global.NamesOneEntry
            ? global
            : throw new LayerFormatException("damaged PAX header: a global one gives every entry the same name, link or size");
    }

    private TarEntry ToEntry(TarHeader header, PaxHeader pax)
    {
        var sparse = header.Type == 'S' ? ReadOldMap(header) : pax.Sparse;
        var name = sparse?.Name ?? pax.Name ?? FullName(header);
        var type = TypeOf(header.Type, name);
        var size = pax.Size ?? header.Size;
        if (size < 0 || (size > 0 && type == TarEntryType.Directory && header.Type != '5'))
        {
            throw Bad(name, size < 0 ? "negative size" : "a directory with content");
        }

        var hasContent = type == TarEntryType.File;
        Begin(hasContent ? size : 0);
        var regions = hasContent ? ReadRegions(sparse, name) : null;
        return new TarEntry
        {
            Name = name,
            Type = type,
            LinkName = type is TarEntryType.HardLink or TarEntryType.SymbolicLink ? pax.LinkName ?? header.LinkName.ToArray() : [],
            Size = hasContent ? sparse?.RealSize ?? size : 0,
            StoredSize = _contentLeft,
            Regions = regions,
            Permissions = header.Permissions,
            UserId = Owner(pax.UserId ?? header.UserId, name),
            GroupId = Owner(pax.GroupId ?? header.GroupId, name),
            Modified = pax.Modified ?? header.Modified,
            Device = type is TarEntryType.CharacterDevice or TarEntryType.BlockDevice ? header.Device : 0,
            Xattrs = pax.Xattrs,
        };
    }

    private static byte[] FullName(TarHeader header) =>
        header.Prefix.IsEmpty ? header.Name.ToArray() : [.. header.Prefix, (byte)'/', .. header.Name];

    private static TarEntryType TypeOf(byte type, byte[] name) => type switch
    {
        // V7 has no directory type; a trailing slash says so.
        0 or (byte)'0' when name is [.., (byte)'/'] => TarEntryType.Directory,
        0 or (byte)'0' or (byte)'7' or (byte)'S' => TarEntryType.File,
        (byte)'1' => TarEntryType.HardLink,
        (byte)'2' => TarEntryType.SymbolicLink,
        (byte)'3' => TarEntryType.CharacterDevice,
        (byte)'4' => TarEntryType.BlockDevice,
        (byte)'5' => TarEntryType.Directory,
        (byte)'6' => TarEntryType.Fifo,
        _ => throw Bad(name, $"unknown tar entry type 0x{type:x2}"),
    };

    // The last id means "leave as it is" to chown(2).
    private static uint Owner(long id, byte[] name) =>
        id is >= 0 and < uint.MaxValue ? (uint)id : throw Bad(name, $"owner {id} is out of range");

    private static LayerFormatException Bad(byte[] name, string why) =>
        new($"entry \"{Encoding.UTF8.GetString(name)}\": {why}");

    private static LayerFormatException Truncated() => new("the archive ends in the middle of an entry");

    private static byte[] WithoutNul(byte[] text)
    {
        var end = text.AsSpan().IndexOf((byte)0);
        return end < 0 ? text : text[..end];
    }

    private SparseMap ReadOldMap(TarHeader header)
    {
        var map = new SparseMap();
        if (!map.ApplyHeader(header))
        {
            return map;
        }

        var block = new byte[TarHeader.BlockSize];
        do
        {
            if (stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) < block.Length)
            {
                throw Truncated();
            }
        }
        while (map.ApplyExtension(block));
        return map;
    }

    private IReadOnlyList<SparseRegion>? ReadRegions(SparseMap? sparse, byte[] name)
    {
        try
        {
            if (sparse is { IsInContent: true })
            {
                sparse.ReadFromContent(ReadMapBlock);
            }

            return sparse?.Regions(_contentLeft);
        }
        catch (LayerFormatException error)
        {
            throw Bad(name, error.Message);
        }
    }

    private ReadOnlyMemory<byte> ReadMapBlock()
    {
        var block = new byte[TarHeader.BlockSize];
        for (var read = 0; read < block.Length;)
        {
            var count = ReadContent(block.AsSpan(read));
            read += count > 0 ? count : throw new LayerFormatException("damaged map of a sparse file");
        }

        return block;
    }

    private byte[] ReadExtensionContent(long size)
    {
        if (size < 0 || size > _extensionLeft)
        {
            throw new LayerFormatException($"an extended header of {size} bytes is beyond the limit of {ExtendedHeaderMax} for an entry");
        }

        _extensionLeft -= size;
        Begin(size);
        var content = new byte[size];
        for (var read = 0; read < content.Length;)
        {
            read += ReadContent(content.AsSpan(read));
        }

        return content;
    }

    private void Begin(long size)
    {
        _contentLeft = size;
        _paddingLeft = (int)(-size & (TarHeader.BlockSize - 1));
    }

    private void SkipContent()
    {
        Span<byte> discarded = stackalloc byte[4096];
        while (_contentLeft > 0)
        {
            ReadContent(discarded);
        }

        // A last entry whose padding was cut off is still whole.
        if (_paddingLeft > 0)
        {
            stream.ReadAtLeast(discarded[.._paddingLeft], _paddingLeft, throwOnEndOfStream: false);
            _paddingLeft = 0;
        }
    }

    private bool ReadBlock()
    {
        var count = stream.ReadAtLeast(_block, _block.Length, throwOnEndOfStream: false);
        return count == 0 ? false : count == _block.Length ? true : throw Truncated();
    }
}
