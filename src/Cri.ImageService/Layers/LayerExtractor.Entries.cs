using System.Text;
using Cri.ImageService.Layers.Tar;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>Making the entries.</summary>
internal sealed partial class LayerExtractor
{
    private const int BlockSize = 4096;

    private void Create(TarEntry entry, EntryPath path, TarReader reader)
    {
        var parent = OpenParent(path.Parent);
        var wasRemoved = MakeRoom(parent, path.Leaf, entry.Type);
        switch (entry.Type)
        {
            case TarEntryType.File:
                CreateFile(parent, path.Leaf, entry, reader);
                return;
            case TarEntryType.HardLink:
                CreateHardLink(path, entry);
                return;
            case TarEntryType.Directory:
                CreateDirectory(parent, path, entry, wasRemoved);
                return;
            case TarEntryType.SymbolicLink:
                FileTree.MakeSymbolicLink(parent, path.Leaf, Target(entry));
                break;
            default:
                FileTree.MakeNode(parent, path.Leaf, KindOf(entry.Type), entry.Permissions, entry.Device);
                break;
        }

        ApplyMetadata(parent, path.Leaf, entry);
        FileTree.SetModified(parent, path.Leaf, entry.Modified);
        Count(0);
    }

    // Later entries of an archive win, except that a directory keeps its content when it is listed again. Returns
    // true when the name had been whited out: what comes now replaces what lies below it in other layers.
    private bool MakeRoom(Fd parent, ReadOnlySpan<byte> leaf, TarEntryType type)
    {
        var existing = FileStatus.Of(parent, leaf);
        if (existing is null || (existing.Kind == FileKind.Directory && type == TarEntryType.Directory))
        {
            return false;
        }

        FileTree.Remove(parent, leaf);
        if (!ReferenceEquals(parent, _parent))
        {
            // The cached directory may have been below what is gone now.
            ForgetParent();
        }

        return IsWhiteout(existing);
    }

    private void CreateFile(Fd parent, ReadOnlySpan<byte> leaf, TarEntry entry, TarReader reader)
    {
        using var file = FileTree.CreateFile(parent, leaf, entry.Permissions & 0x1FF);
        int count;
        while ((count = reader.ReadContent(_buffer)) > 0)
        {
            FileTree.Write(file, _buffer.AsSpan(0, count));
        }

        FileTree.SetOwner(file, entry.UserId, entry.GroupId);
        FileTree.SetPermissions(file, entry.Permissions);
        ApplyXattrs(file, entry);
        FileTree.SetModified(file, entry.Modified);
        Count(entry.Size);
    }

    private void CreateDirectory(Fd parent, EntryPath path, TarEntry entry, bool wasRemoved)
    {
        if (FileStatus.Of(parent, path.Leaf) is null)
        {
            FileTree.MakeDirectory(parent, path.Leaf, entry.Permissions & 0x1FF);
            Count(BlockSize);
        }

        _implied.Remove(Encoding.Latin1.GetString(path.Bytes));
        if (wasRemoved)
        {
            Xattrs.Set(parent, path.Leaf, OpaqueXattr, "y"u8);
        }

        ApplyMetadata(parent, path.Leaf, entry);
        _directoryTimes.Add((path, entry.Modified));
    }

    // The target is a name in the same layer, never followed as a symbolic link.
    private void CreateHardLink(EntryPath path, TarEntry entry)
    {
        var target = ParseTarget(entry);
        using var targetParent = target.Parent.IsEmpty ? null : OpenDirectory(target.Parent);
        if (target.IsRoot || (targetParent is null && !target.Parent.IsEmpty))
        {
            throw new LayerFormatException($"hard link to \"{target}\", which the layer does not have");
        }

        // Last, since it may replace the descriptor that the cache holds.
        var parent = OpenParent(path.Parent);
        try
        {
            FileTree.MakeHardLink(targetParent ?? _tree.Root, target.Leaf, parent, path.Leaf);
        }
        catch (LinuxException error) when (error.Error is Errno.ENOENT or Errno.EPERM)
        {
            throw new LayerFormatException($"hard link to \"{target}\", which the layer does not have as a file", error);
        }
    }

    private static EntryPath ParseTarget(TarEntry entry)
    {
        try
        {
            return EntryPath.Parse(entry.LinkName);
        }
        catch (LayerFormatException error)
        {
            throw new LayerFormatException($"hard link out of the layer: {error.Message}", error);
        }
    }

    private static byte[] Target(TarEntry entry) =>
        entry.LinkName.Length > 0 ? entry.LinkName : throw new LayerFormatException("a symbolic link without a target");

    private void MakeWhiteout(Fd parent, ReadOnlySpan<byte> name)
    {
        var existing = FileStatus.Of(parent, name);
        if (existing is null)
        {
            FileTree.MakeNode(parent, name, FileKind.CharacterDevice, 0, 0);
            Count(0);
        }
        else if (existing.Kind == FileKind.Directory)
        {
            // A whiteout only hides lower layers: what this layer has under the name stays.
            Xattrs.Set(parent, name, OpaqueXattr, "y"u8);
        }
    }

    private void MakeOpaque(EntryPath marker)
    {
        if (marker.Parent.IsEmpty)
        {
            throw new LayerFormatException("a whiteout of the root is not allowed");
        }

        var parent = OpenParent(marker.Parent);
        Xattrs.Set(parent, "."u8, OpaqueXattr, "y"u8);
    }

    private static bool IsWhiteout(FileStatus status) => status is { Kind: FileKind.CharacterDevice, SpecialDevice: 0 };

    private static FileKind KindOf(TarEntryType type) => type switch
    {
        TarEntryType.CharacterDevice => FileKind.CharacterDevice,
        TarEntryType.BlockDevice => FileKind.BlockDevice,
        _ => FileKind.Fifo,
    };

    private void Count(long bytes)
    {
        _bytes += (bytes + BlockSize - 1) / BlockSize * BlockSize;
        _inodes++;
    }
}
