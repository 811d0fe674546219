using System.Text;

namespace Cri.ImageService.Layers.Tar;

/// <summary>
/// Reads a tar stream entry by entry, in one pass: ustar, PAX, and GNU long names. Everything is bounded; what is
/// damaged or not supported is a <see cref="LayerFormatException"/>.
/// <code>
/// while (reader.Next() is { } entry) { while ((n = reader.ReadContent(buffer)) > 0) ... }
/// </code>
/// </summary>
internal sealed class TarReader(Stream stream)
{
    /// <summary>The largest extended header that is read, in bytes: paths are at most 4 KiB and an attribute at most 64 KiB.</summary>
    private const int ExtendedHeaderMax = 1 << 20;

    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private long _contentLeft;
    private int _paddingLeft;

    /// <summary>The next entry, after skipping what is left of the current one; null at the end of the archive.</summary>
    internal TarEntry? Next()
    {
        var pax = new PaxHeader();
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
            if (!ReadExtension(header, pax))
            {
                return ToEntry(header, pax);
            }
        }
    }

    /// <summary>Reads some of the current entry's content; 0 at its end.</summary>
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
            case (byte)'g':
                // Global records: git writes a comment here. Layers have none that matter.
                ReadExtensionContent(header.Size);
                return true;
            default:
                return false;
        }
    }

    private TarEntry ToEntry(TarHeader header, PaxHeader pax)
    {
        var name = pax.Name ?? FullName(header);
        var type = TypeOf(header.Type, name, pax.IsSparse);
        var size = pax.Size ?? header.Size;
        if (size < 0)
        {
            throw Bad(name, "negative size");
        }

        var hasContent = type == TarEntryType.File;
        Begin(hasContent ? size : 0);
        return new TarEntry
        {
            Name = name,
            Type = type,
            LinkName = type is TarEntryType.HardLink or TarEntryType.SymbolicLink ? pax.LinkName ?? header.LinkName.ToArray() : [],
            Size = hasContent ? size : 0,
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

    private static TarEntryType TypeOf(byte type, byte[] name, bool isSparse) => type switch
    {
        (byte)'S' => throw Bad(name, "sparse files are not supported"),
        (byte)'0' or (byte)'7' or 0 when isSparse => throw Bad(name, "sparse files are not supported"),
        // V7 has no directory type; a trailing slash says so.
        0 or (byte)'0' when name is [.., (byte)'/'] => TarEntryType.Directory,
        0 or (byte)'0' or (byte)'7' => TarEntryType.File,
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

    private byte[] ReadExtensionContent(long size)
    {
        if (size is < 0 or > ExtendedHeaderMax)
        {
            throw new LayerFormatException($"an extended header of {size} bytes is beyond the limit of {ExtendedHeaderMax}");
        }

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
