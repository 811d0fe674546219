using System.Text;
using Cri.ImageService.Layers.Tar;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>Making the entries.</summary>
internal sealed partial class LayerExtractor
{
    private const int BlockSize = 4096;

    // So much of a file goes to the disk at once, so that the sync at the end finds little to do.
    private const int WritebackSize = 1 << 20;

    private void Create(TarEntry entry, EntryPath path, TarReader reader)
    {
        var parent = OpenParent(path.Parent);
        var realPath = RealPath(path.Leaf);
        if (entry.Type == TarEntryType.File)
        {
            CreateFile(parent, path.Leaf, realPath, entry, reader);
            return;
        }

        var wasRemoved = MakeRoom(parent, path.Leaf, realPath, entry.Type);
        _recipe?.Made(realPath);
        switch (entry.Type)
        {
            case TarEntryType.HardLink:
                CreateHardLink(path, entry);
                return;
            case TarEntryType.Directory:
                CreateDirectory(parent, path.Leaf, realPath, entry, wasRemoved);
                return;
            case TarEntryType.SymbolicLink:
                FileTree.MakeSymbolicLink(parent, path.Leaf, Target(entry));
                break;
            default:
                FileTree.MakeNode(parent, path.Leaf, KindOf(entry.Type), entry.Permissions, entry.Device);
                break;
        }

        ApplyMetadata(parent, path.Leaf, realPath, entry, isNew: true);
        FileTree.SetModified(parent, path.Leaf, entry.Modified);
        Count(0);
    }

    // Later entries of an archive win, except that a directory keeps its content when it is listed again. Returns
    // true when the name had been whited out: what comes now replaces what lies below it in other layers.
    private bool MakeRoom(Fd parent, ReadOnlySpan<byte> leaf, byte[] realPath, TarEntryType type)
    {
        var existing = FileStatus.Of(parent, leaf);
        if (existing is null)
        {
            return false;
        }

        if (existing.Kind == FileKind.Directory && type == TarEntryType.Directory)
        {
            _recipe?.Relisted(realPath);
            return false;
        }

        Remove(parent, leaf, existing.Kind, realPath);
        if (!ReferenceEquals(parent, _parent))
        {
            // The cached directory may have been below what is gone now.
            ForgetParent();
        }

        return IsWhiteout(existing);
    }

    private void Remove(Fd parent, ReadOnlySpan<byte> leaf, FileKind kind, byte[] realPath)
    {
        if (_recipe is not null)
        {
            _recipe.Replace(parent, leaf, kind, realPath);
        }
        else
        {
            FileTree.Remove(parent, leaf);
        }
    }

    private void CreateFile(Fd parent, ReadOnlySpan<byte> leaf, byte[] realPath, TarEntry entry, TarReader reader)
    {
        using var file = OpenNew(parent, leaf, realPath, entry.Permissions & 0x1FF);
        _recipe?.BeginFile(realPath, entry.Size);
        if (entry.Regions is { } regions)
        {
            WriteRegions(file, regions, entry.Size, reader);
        }
        else
        {
            WriteAll(file, reader);
        }

        _recipe?.EndFile();
        if (!_defaults.HasOwner(entry))
        {
            FileTree.SetOwner(file, entry.UserId, entry.GroupId);
        }

        if (!_defaults.HasPermissions(entry))
        {
            FileTree.SetPermissions(file, entry.Permissions);
        }

        ApplyXattrs(file, realPath, entry);
        FileTree.SetModified(file, entry.Modified);
        Count(entry.StoredSize);
    }

    // Nearly every name is new: to try is cheaper than to look first.
    private Fd OpenNew(Fd parent, ReadOnlySpan<byte> leaf, byte[] realPath, int permissions)
    {
        if (FileTree.TryCreateFile(parent, leaf, permissions) is { } file)
        {
            return file;
        }

        MakeRoom(parent, leaf, realPath, TarEntryType.File);
        return FileTree.CreateFile(parent, leaf, permissions);
    }

    private void WriteAll(Fd file, TarReader reader)
    {
        var (written, started) = (0L, 0L);
        int count;
        while ((count = reader.ReadContent(_buffer)) > 0)
        {
            FileTree.Write(file, _buffer.AsSpan(0, count));
            written += count;
            if (written - started >= WritebackSize)
            {
                FileTree.StartWriteback(file, started, written - started);
                started = written;
            }
        }
    }

    private void WriteRegions(Fd file, IReadOnlyList<SparseRegion> regions, long size, TarReader reader)
    {
        foreach (var (offset, length) in regions)
        {
            _recipe?.Seek(offset);
            for (var done = 0L; done < length;)
            {
                var count = reader.ReadContent(_buffer.AsSpan(0, (int)Math.Min(_buffer.Length, length - done)));
                FileTree.Write(file, _buffer.AsSpan(0, count), offset + done);
                done += count;
            }
        }

        FileTree.SetLength(file, size);
    }

    private void CreateDirectory(Fd parent, ReadOnlySpan<byte> leaf, byte[] realPath, TarEntry entry, bool wasRemoved)
    {
        var isNew = FileTree.TryMakeDirectory(parent, leaf, entry.Permissions & 0x1FF);
        if (isNew)
        {
            Count(BlockSize);
        }

        _implied.Remove(Encoding.Latin1.GetString(realPath));
        if (wasRemoved)
        {
            Xattrs.Set(parent, leaf, OpaqueXattr, "y"u8);
        }

        ApplyMetadata(parent, leaf, realPath, entry, isNew);
        _defaults.TakeDirectory(entry);
        _directoryTimes.Add((realPath, entry.Modified));
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
        _recipe?.Made(RealPath(name));
        if (existing is null)
        {
            FileTree.MakeNode(parent, name, FileKind.CharacterDevice, 0, 0);

            // Overlay lists a directory that only one layer has as it is, with the whiteouts in it, unless this says that
            // it may have some ("copied up from nowhere").
            Xattrs.Set(parent, "."u8, OriginXattr, []);
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
        _recipe?.Made(_openedRealPath);
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
