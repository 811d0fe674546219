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
            return _tree.Root;
        }

        if (_parent is not null && path.SequenceEqual(_parentPath))
        {
            return _parent;
        }

        ForgetParent();
        var parent = OpenDirectory(path) ?? MakeImplied(path);
        (_parent, _parentPath) = (parent, path.ToArray());
        return parent;
    }

    private void ForgetParent()
    {
        _parent?.Dispose();
        _parent = null;
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
        try
        {
            FileTree.MakeDirectory(parent, leaf, ImpliedDirectoryPermissions);
        }
        catch (LinuxException error) when (error.Error == Errno.EEXIST)
        {
            throw new LayerFormatException("its directory is a symbolic link to nothing", error);
        }

        FileTree.SetPermissions(parent, leaf, ImpliedDirectoryPermissions);
        _implied.Add(Encoding.Latin1.GetString(path));
        Count(BlockSize);
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
            throw new LayerFormatException("its path goes through something that is not a directory", error);
        }
    }
}
