using System.Text;
using Cri.ImageService.Layers.Recipes;
using Cri.ImageService.Layers.Tar;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>
/// Compares a layer on disk with its archive: the content of every file by length, checksum and in the end the digest of the
/// whole archive, and kind, owner, mode, time, link target and attributes of every entry with what its header says.
/// </summary>
internal sealed class LayerVerification
{
    /// <summary>At most so many damaged paths are told of one layer.</summary>
    internal const int DamagesMax = 100;

    private readonly FileTree _tree;
    private readonly RecipeHistory _history;
    private readonly List<LayerDamage> _damages = [];

    private LayerVerification(FileTree tree, RecipeHistory history) => (_tree, _history) = (tree, history);

    /// <summary>Reads the whole layer. Empty when nothing is wrong with it.</summary>
    /// <param name="layerDirectory">The directory that holds the tree and the recipe.</param>
    /// <param name="diffId">The digest that its archive must have.</param>
    /// <param name="cancellation">Ends it between two entries.</param>
    /// <exception cref="LayerFormatException">There is no recipe, because an older version unpacked the layer.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    internal static IReadOnlyList<LayerDamage> Verify(string layerDirectory, Digest diffId, CancellationToken cancellation)
    {
        using var tree = OpenTree(layerDirectory);
        if (tree is null)
        {
            return [new LayerDamage("", "the tree is missing")];
        }

        RecipeReader.Open(layerDirectory).Dispose();
        try
        {
            var verification = new LayerVerification(tree, RecipeHistory.Read(layerDirectory));
            verification.Run(layerDirectory, diffId, cancellation);
            return verification._damages;
        }
        catch (LayerFormatException error)
        {
            return [new LayerDamage("", error.Message)];
        }
    }

    private static FileTree? OpenTree(string layerDirectory)
    {
        try
        {
            return FileTree.Open(Path.Join(layerDirectory, RecipeFile.TreeName));
        }
        catch (LinuxException error) when (error.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
    }

    private void Run(string layerDirectory, Digest diffId, CancellationToken cancellation)
    {
        using var archive = ArchiveStream.Open(layerDirectory, _history, Add);
        using var hashing = new HashingStream(archive, diffId);
        var reader = new TarReader(hashing);
        while (reader.Next() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            if (archive.TakeMade() is { } path && _history.IsLast(path, archive.MadeCount))
            {
                Check(path, entry);
            }
        }

        if (hashing.Finish() is var actual && actual != diffId && _damages.Count == 0)
        {
            Add([], $"its archive has digest {actual}, not {diffId}");
        }
    }

    private void Check(byte[] path, TarEntry entry)
    {
        var leaf = path.AsSpan(path.AsSpan().LastIndexOf((byte)'/') + 1);
        using var parent = OpenParent(path.AsSpan(0, Math.Max(path.Length - leaf.Length - 1, 0)));
        var status = parent is null ? null : FileStatus.Of(parent, leaf.IsEmpty ? "."u8 : leaf);
        var damage = status is null ? "it is missing" : new EntryCheck(entry, _history, path).Compare(parent!, leaf.IsEmpty ? "."u8 : leaf, status);
        if (damage is not null)
        {
            Add(path, damage);
        }
    }

    private Fd? OpenParent(ReadOnlySpan<byte> path)
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

    private void Add(byte[] path, string why)
    {
        var name = Encoding.UTF8.GetString(path);
        if (_damages.Count < DamagesMax && !_damages.Exists(damage => damage.Path == name))
        {
            _damages.Add(new LayerDamage(name, why));
        }
    }
}
