using System.Text;
using Cri.ImageService.Layers;
using Cri.Linux;

namespace Cri.ImageService.Snapshots;

/// <summary>
/// The trees of an image's layers, to look up what a directory is like in the image as a whole. An overlay shows a
/// directory as its topmost layer has it; but an archive that does not list a directory says nothing about it, so there
/// the layer below counts. Such a directory is made in the container's writable layer with its true owner and mode.
/// </summary>
internal sealed class LayerTrees : IDisposable
{
    private const string OpaqueXattr = "trusted.overlay.opaque";
    private const string OverlayPrefix = "trusted.overlay.";

    private const int DefaultPermissions = 0x1ED; // 0755

    // Top first; opened when looked into, which for most images is the topmost only.
    private readonly List<(IReadOnlySet<string> Implied, Lazy<FileTree> Tree)> _layers = [];

    private readonly List<(string Path, FileTime Modified)> _times = [];

    /// <summary>Looks into these trees, given bottom first.</summary>
    internal LayerTrees(IReadOnlyList<(Layer Layer, string Path)> layers)
    {
        foreach (var (layer, path) in layers.Reverse())
        {
            _layers.Add((layer.ImpliedDirectories.ToHashSet(), new Lazy<FileTree>(() => FileTree.Open(path))));
        }
    }

    /// <summary>Gives the root of <paramref name="upper"/>, and every directory in it that needs to be there, what the image says.</summary>
    internal void RestoreImplied(string upper)
    {
        using var tree = FileTree.Open(upper);
        FileTree.SetPermissions(tree.Root, "."u8, DefaultPermissions);
        _times.Add(("", FindExplicit("") is { } root ? Copy(root, tree.Root) : default));

        foreach (var path in _layers.SelectMany(layer => layer.Implied).Where(path => path.Length > 0).Distinct().Order(StringComparer.Ordinal))
        {
            if (IsHiddenBehindImplied(path))
            {
                MakeWithParents(tree, path);
            }
        }

        ApplyTimes(tree);
    }

    /// <inheritdoc/>
    public void Dispose() => _layers.Where(layer => layer.Tree.IsValueCreated).ToList().ForEach(layer => layer.Tree.Value.Dispose());

    private bool IsHiddenBehindImplied(string path)
    {
        var top = _layers.FindIndex(layer => Look(layer.Tree.Value, path).IsDirectory);
        return top >= 0 && _layers[top].Implied.Contains(path)
            && FindExplicit(path) is { } found && Differs(found, Open(_layers[top].Tree.Value, path));
    }

    private void MakeWithParents(FileTree upper, string path)
    {
        for (var end = 0; end < path.Length;)
        {
            var slash = path.IndexOf('/', end + 1);
            end = slash < 0 ? path.Length : slash;
            var (parent, leaf) = Split(path[..end]);
            using var directory = upper.OpenDirectory(Bytes(parent));
            if (directory is not null && FileStatus.Of(directory, Bytes(leaf)) is null)
            {
                FileTree.MakeDirectory(directory, Bytes(leaf), DefaultPermissions);
                using var made = upper.OpenDirectory(Bytes(path[..end]))!;
                if ((FindExplicit(path[..end]) ?? FindAny(path[..end])) is { } source)
                {
                    _times.Add((path[..end], Copy(source, made)));
                }
            }
        }
    }

    // Last, since a directory that is made in another one changes its time.
    private void ApplyTimes(FileTree upper)
    {
        foreach (var (path, modified) in _times)
        {
            using var directory = upper.OpenDirectory(Bytes(path))!;
            FileTree.SetModified(directory, "."u8, modified);
        }
    }

    // The topmost layer that lists the directory, as far down as the layers above let one see.
    private Fd? FindExplicit(string path)
    {
        foreach (var (implied, tree) in _layers)
        {
            var (isDirectory, isEnd) = Look(tree.Value, path);
            if (isDirectory && !implied.Contains(path))
            {
                return Open(tree.Value, path);
            }

            if (isEnd)
            {
                return null;
            }
        }

        return null;
    }

    private Fd? FindAny(string path) =>
        _layers.Where(layer => Look(layer.Tree.Value, path).IsDirectory).Select(layer => Open(layer.Tree.Value, path)).FirstOrDefault();

    // IsEnd: what lies below this layer cannot be seen, because something on the way is not a directory or is opaque.
    private static (bool IsDirectory, bool IsEnd) Look(FileTree tree, string path)
    {
        var isOpaque = false;
        for (var end = 0; end < path.Length;)
        {
            var slash = path.IndexOf('/', end + 1);
            end = slash < 0 ? path.Length : slash;
            var (parent, leaf) = Split(path[..end]);
            using var directory = tree.OpenDirectory(Bytes(parent));
            var status = directory is null ? null : FileStatus.Of(directory, Bytes(leaf));
            if (status is null)
            {
                return (false, isOpaque);
            }

            if (status.Kind != FileKind.Directory)
            {
                return (false, true);
            }

            isOpaque |= Xattrs.Get(directory!, Bytes(leaf), OpaqueXattr) is not null;
        }

        return (true, isOpaque);
    }

    private static bool Differs(Fd wanted, Fd shown)
    {
        using (wanted)
        using (shown)
        {
            var (left, right) = (FileStatus.Of(wanted), FileStatus.Of(shown));
            return (left.Permissions, left.UserId, left.GroupId, left.Modified) != (right.Permissions, right.UserId, right.GroupId, right.Modified)
                || Xattrs.List(wanted, "."u8).Any(name => !name.StartsWith(OverlayPrefix, StringComparison.Ordinal));
        }
    }

    private static FileTime Copy(Fd source, Fd target)
    {
        using (source)
        {
            var status = FileStatus.Of(source);
            FileTree.SetOwner(target, "."u8, status.UserId, status.GroupId);
            FileTree.SetPermissions(target, "."u8, status.Permissions);
            foreach (var name in Xattrs.List(source, "."u8).Where(name => !name.StartsWith(OverlayPrefix, StringComparison.Ordinal)))
            {
                Xattrs.Set(target, "."u8, name, Xattrs.Get(source, "."u8, name) ?? []);
            }

            return status.Modified;
        }
    }

    private static Fd Open(FileTree tree, string path) =>
        tree.OpenDirectory(Bytes(path)) ?? throw new DirectoryNotFoundException($"layer directory {path} is gone");

    private static (string Parent, string Leaf) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return (slash < 0 ? "" : path[..slash], path[(slash + 1)..]);
    }

    private static byte[] Bytes(string path) => Encoding.Latin1.GetBytes(path);
}
