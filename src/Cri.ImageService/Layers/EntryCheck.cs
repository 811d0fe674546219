using Cri.ImageService.Layers.Recipes;
using Cri.ImageService.Layers.Tar;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>Compares what lies on the disk with the entry of the archive that it was made from; not its content.</summary>
internal readonly struct EntryCheck(TarEntry entry, RecipeHistory history, byte[] path)
{
    private const string CapabilityXattr = "security.capability";
    private const string OpaqueXattr = "trusted.overlay.opaque";

    // struct vfs_ns_cap_data: the kernel may hand out another revision than was set; the sets lie here.
    private const int CapabilityStart = 4;
    private const int CapabilityEnd = 20;

    /// <summary>What is wrong; null when nothing is.</summary>
    internal string? Compare(Fd parent, ReadOnlySpan<byte> leaf, FileStatus status)
    {
        var name = EntryPath.Parse(entry.Name);
        if (Whiteout.IsOpaqueMarker(name.Leaf))
        {
            return CompareOpaque(parent, leaf);
        }

        if (Whiteout.TryParse(name.Leaf, out _))
        {
            return status is { Kind: FileKind.CharacterDevice, SpecialDevice: 0 } ? null : CompareOpaque(parent, leaf);
        }

        if (entry.Type == TarEntryType.HardLink)
        {
            return status is { Kind: FileKind.Regular, Links: < 2 } or { Kind: FileKind.Directory } ? "it is no hard link" : null;
        }

        return CompareKind(status) ?? CompareTarget(parent, leaf) ?? CompareOwner(status) ?? CompareTime(status) ?? CompareXattrs(parent, leaf);
    }

    private static string? CompareOpaque(Fd parent, ReadOnlySpan<byte> leaf) =>
        Xattrs.Get(parent, leaf, OpaqueXattr) is [(byte)'y'] ? null : $"attribute {OpaqueXattr} is missing";

    private string? CompareKind(FileStatus status)
    {
        var kind = KindOf(entry.Type);
        return status.Kind != kind ? $"it is a {status.Kind}, not a {kind}"
            : entry.Device != status.SpecialDevice && kind is FileKind.CharacterDevice or FileKind.BlockDevice ? "it is another device"
            : null;
    }

    private string? CompareOwner(FileStatus status)
    {
        if ((status.UserId, status.GroupId) != (entry.UserId, entry.GroupId))
        {
            return $"it belongs to {status.UserId}:{status.GroupId}, not to {entry.UserId}:{entry.GroupId}";
        }

        return status.Permissions == entry.Permissions || entry.Type == TarEntryType.SymbolicLink
            ? null
            : $"its mode is {Convert.ToString(status.Permissions, 8)}, not {Convert.ToString(entry.Permissions, 8)}";
    }

    // File systems limit times to what they can store, and some store whole seconds only.
    private string? CompareTime(FileStatus status)
    {
        var (seconds, nanoseconds) = entry.Modified;
        var isStorable = seconds is >= int.MinValue and <= int.MaxValue;
        return isStorable && (status.Modified.Seconds != seconds || (status.Modified.Nanoseconds != nanoseconds && status.Modified.Nanoseconds != 0))
            ? "its time of modification has changed"
            : null;
    }

    private string? CompareTarget(Fd parent, ReadOnlySpan<byte> leaf) =>
        entry.Type == TarEntryType.SymbolicLink && !FileTree.ReadSymbolicLink(parent, leaf).AsSpan().SequenceEqual(entry.LinkName)
            ? "it links to something else"
            : null;

    // Of an attribute that comes twice the last value counts.
    private string? CompareXattrs(Fd parent, ReadOnlySpan<byte> leaf)
    {
        for (var i = entry.Xattrs.Count - 1; i >= 0; i--)
        {
            var (name, value) = entry.Xattrs[i];
            var isLast = !entry.Xattrs.Skip(i + 1).Any(later => later.Key == name);
            if (isLast && LayerExtractor.IsAccepted(name) && !history.IsLeftOut(path, name) && !IsSame(name, Xattrs.Get(parent, leaf, name), value))
            {
                return $"attribute {name} is missing or has changed";
            }
        }

        return null;
    }

    private static bool IsSame(string name, ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected) =>
        name == CapabilityXattr && actual.Length >= CapabilityEnd && expected.Length >= CapabilityEnd
            ? actual[CapabilityStart..CapabilityEnd].SequenceEqual(expected[CapabilityStart..CapabilityEnd])
            : actual.SequenceEqual(expected);

    private static FileKind KindOf(TarEntryType type) => type switch
    {
        TarEntryType.File => FileKind.Regular,
        TarEntryType.Directory => FileKind.Directory,
        TarEntryType.SymbolicLink => FileKind.SymbolicLink,
        TarEntryType.CharacterDevice => FileKind.CharacterDevice,
        TarEntryType.BlockDevice => FileKind.BlockDevice,
        _ => FileKind.Fifo,
    };
}
