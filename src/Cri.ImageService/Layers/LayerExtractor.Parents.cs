using System.Text;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>Finding and making the directories that entries are in.</summary>
internal sealed partial class LayerExtractor
{
    /// <summary>Opens the directory at <paramref name="path"/>; makes it where the archive left it out. Valid until the next call.</summary>
    private Fd OpenParent(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty)
        {
            _openedRealPath = [];
            return _tree.Root;
        }

        if (_parent is null || !path.SequenceEqual(_parentPath))
        {
            _parent = OpenNewParent(path);
        }

        _openedRealPath = _parentRealPath;
        return _parent;
    }

    private Fd OpenNewParent(ReadOnlySpan<byte> path)
    {
        ForgetParent();
        _parentPath = path.ToArray();
        if (OpenRealDirectory(path) is { } parent)
        {
            _parentRealPath = _parentPath;
            return parent;
        }

        parent = OpenDirectory(path) ?? MakeImplied(path);
        _parentRealPath = _tree.RealPath(parent);
        return parent;
    }

    private void ForgetParent()
    {
        _parent?.Dispose();
        _parent = null;
    }

    /// <summary>The only path without symbolic links of an entry in the directory that was opened last.</summary>
    private byte[] RealPath(ReadOnlySpan<byte> leaf) => _openedRealPath.Length == 0 ? leaf.ToArray() : [.. _openedRealPath, (byte)'/', .. leaf];

    // Null as well where a symbolic link is on the way: that one is followed, with care, as the next step.
    private Fd? OpenRealDirectory(ReadOnlySpan<byte> path)
    {
        try
        {
            return _tree.OpenRealDirectory(path);
        }
        catch (LinuxException error) when (error.Error is Errno.ELOOP or Errno.ENOTDIR)
        {
            return null;
        }
    }

    private Fd MakeImplied(ReadOnlySpan<byte> path)
    {
        for (var end = 0; end < path.Length;)
        {
            var slash = path[(end + 1)..].IndexOf((byte)'/');
            end = slash < 0 ? path.Length : end + 1 + slash;
            using var existing = OpenDirectory(path[..end]);
            if (existing is null)
            {
                MakeOneImplied(path[..end]);
            }
        }

        return OpenDirectory(path) ?? throw new LayerFormatException("its directory is a symbolic link to nothing");
    }

    private void MakeOneImplied(ReadOnlySpan<byte> path)
    {
        var slash = path.LastIndexOf((byte)'/');
        using var opened = slash < 0 ? null : OpenDirectory(path[..slash]);
        var parent = opened ?? _tree.Root;
        var leaf = path[(slash + 1)..];
        byte[] realPath = opened is null ? leaf.ToArray() : [.. _tree.RealPath(opened), (byte)'/', .. leaf];
        var whiteout = FileStatus.Of(parent, leaf);
        if (whiteout is not null)
        {
            CheckWhiteout(whiteout);
            Remove(parent, leaf, whiteout.Kind, realPath);
        }

        FileTree.MakeDirectory(parent, leaf, ImpliedDirectoryPermissions);
        if (whiteout is not null)
        {
            Xattrs.Set(parent, leaf, OpaqueXattr, "y"u8);
        }

        FileTree.SetPermissions(parent, leaf, ImpliedDirectoryPermissions);
        _implied.Add(Encoding.Latin1.GetString(realPath));
        Count(BlockSize);
    }

    // A name that was removed from the layers below may come back as a directory that has entries but is not listed.
    private static void CheckWhiteout(FileStatus status)
    {
        if (!IsWhiteout(status))
        {
            throw new LayerFormatException(status.Kind == FileKind.SymbolicLink
                ? "its directory is a symbolic link to nothing"
                : "its path goes through something that is not a directory");
        }
    }

    private Fd? OpenDirectory(ReadOnlySpan<byte> path)
    {
        try
        {
            return _tree.OpenDirectory(path);
        }
        catch (LinuxException error) when (error.Error is Errno.EXDEV or Errno.ELOOP)
        {
            throw new LayerFormatException("its path leads out of the layer through a symbolic link", error);
        }
        catch (LinuxException error) when (error.Error == Errno.ENOTDIR)
        {
            return null;
        }
    }
}
