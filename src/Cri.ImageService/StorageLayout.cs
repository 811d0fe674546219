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

    /// <summary>What the last server said of its run.</summary>
    internal string LastRun => Path.Join(Root, "run.json");

    internal string Blob(Digest digest) => Path.Join(Blobs, digest.Algorithm, digest.Hex);

    internal string Layer(string name) => Path.Join(Layers, name);

    /// <summary>The tree of a layer, which overlay takes as a lower directory.</summary>
    internal string LayerTree(string name) => LayerTree(Layers, name);

    /// <summary>The tree of a layer as it appears in another view of the directory of layers.</summary>
    internal static string LayerTree(string layers, string name) => Path.Join(layers, name, "fs");

    internal string Image(Digest id) => Path.Join(Images, $"{id.Hex}.json");

    internal string Container(string id) => Path.Join(Containers, id);

    /// <summary>A new name in <paramref name="directory"/> for something unfinished.</summary>
    internal static string Unfinished(string directory) => Path.Join(directory, AtomicFile.TemporaryPrefix + Guid.NewGuid().ToString("n"));

    /// <summary>A new name beside <paramref name="path"/> for it to be removed under.</summary>
    internal static string Doomed(string path) => Path.Join(Path.GetDirectoryName(path), RemovedPrefix + Guid.NewGuid().ToString("n"));

    /// <summary>True for what an earlier process began to make, or began to remove.</summary>
    internal static bool IsLeftover(string path) => IsUnfinished(path) || Path.GetFileName(path).StartsWith(RemovedPrefix, StringComparison.Ordinal);

    /// <summary>True for what an earlier process began to make.</summary>
    internal static bool IsUnfinished(string path) => Path.GetFileName(path).StartsWith(AtomicFile.TemporaryPrefix, StringComparison.Ordinal);

    /// <summary>
    /// Makes a directory at the top of the root durably, and closes it to all but root, even one that an earlier version left open:
    /// layers hold setuid programs that no local user may come by, and files that are no business of theirs. Containers do not walk
    /// here, their mounts do.
    /// </summary>
    internal static void CreatePrivate(string path)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        CreateDirectory(path);
        if (File.GetUnixFileMode(path) != Private)
        {
            File.SetUnixFileMode(path, Private);
        }
    }

    /// <summary>Makes a directory below the root, and each that is missing above it, durably.</summary>
    internal static void CreateDirectory(string path)
    {
        var full = Path.GetFullPath(path);
        if (!Directory.Exists(full))
        {
            var parent = Path.GetDirectoryName(full)!;
            CreateDirectory(parent);
            Directory.CreateDirectory(full);
            SyncFs.Directory(parent);
        }
    }
}
