using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>
/// Where things lie below the root. What is unfinished or on its way out has a name that starts with a dot,
/// so that a start can sweep it.
/// </summary>
internal sealed class StorageLayout(string root)
{
    private const string RemovedPrefix = ".del-";

    internal string Root { get; } = Path.GetFullPath(root);

    internal string Blobs => Path.Join(Root, "blobs");

    internal string Layers => Path.Join(Root, "layers");

    internal string Images => Path.Join(Root, "images");

    internal string Containers => Path.Join(Root, "containers");

    internal string Blob(Digest digest) => Path.Join(Blobs, digest.Algorithm, digest.Hex);

    internal string Layer(string name) => Path.Join(Layers, name);

    /// <summary>The tree of a layer, which overlay takes as a lower directory.</summary>
    internal string LayerTree(string name) => Path.Join(Layers, name, "fs");

    internal string Image(Digest id) => Path.Join(Images, $"{id.Hex}.json");

    internal string Container(string id) => Path.Join(Containers, id);

    /// <summary>A new name in <paramref name="directory"/> for something unfinished.</summary>
    internal static string Unfinished(string directory) => Path.Join(directory, AtomicFile.TemporaryPrefix + Guid.NewGuid().ToString("n"));

    /// <summary>
    /// Removes <paramref name="path"/> with everything below it. It loses its name first, so that a removal
    /// which is interrupted never leaves half of something under a name that means something.
    /// </summary>
    internal static void Remove(string path)
    {
        var doomed = Path.Join(Path.GetDirectoryName(path), RemovedPrefix + Guid.NewGuid().ToString("n"));
        try
        {
            Directory.Move(path, doomed);
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }

        FileTree.Remove(doomed);
    }

    /// <summary>Removes what an earlier process left unfinished in <paramref name="directory"/>, and makes the directory if need be.</summary>
    internal static void Sweep(string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (var path in Directory.EnumerateFileSystemEntries(directory, ".*").ToList())
        {
            FileTree.Remove(path);
        }
    }
}
