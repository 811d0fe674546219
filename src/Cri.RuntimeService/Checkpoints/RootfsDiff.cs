using System.Formats.Tar;
using Cri.Linux;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>
/// What a container has changed in its root file system, as a layer of an OCI image: its files as they are now, and a
/// whiteout for each that is gone (image-spec, layer.md). Extended attributes are not kept. The container must not run
/// meanwhile.
/// </summary>
internal sealed class RootfsDiff
{
    private const string Whiteout = ".wh.";
    private const string OpaqueMarker = ".wh..wh..opq";
    private const string OpaqueAttribute = "trusted.overlay.opaque";

    private readonly string _upper;
    private readonly string _merged;
    private readonly TarWriter _tar;
    private readonly List<string> _deleted = [];

    private RootfsDiff(string upper, string merged, TarWriter tar) => (_upper, _merged, _tar) = (upper, merged, tar);

    /// <summary>Writes the layer.</summary>
    /// <param name="upper">The upper directory of the overlay.</param>
    /// <param name="merged">Where the overlay is mounted.</param>
    /// <param name="file">The archive to write.</param>
    /// <param name="cancellationToken">Ends it between two files.</param>
    /// <returns>The paths, from the root, of what the container has deleted.</returns>
    public static IReadOnlyList<string> Write(string upper, string merged, string file, CancellationToken cancellationToken)
    {
        using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        using var tar = new TarWriter(stream, TarEntryFormat.Pax);
        var diff = new RootfsDiff(upper, merged, tar);
        diff.Walk("", cancellationToken);
        return diff._deleted;
    }

    private void Walk(string directory, CancellationToken cancellationToken)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(Path.Join(_upper, directory)).Order(StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = Path.Join(directory, Path.GetFileName(path));
            var status = FileStatus.Of(path);
            switch (status)
            {
                case { Kind: FileKind.CharacterDevice, SpecialDevice: 0 }:
                    _deleted.Add("/" + name);
                    Mark(Path.Join(directory, Whiteout + Path.GetFileName(path)));
                    break;
                case { Kind: FileKind.Directory }:
                    Add(name);
                    AddOpaque(path, name);
                    Walk(name, cancellationToken);
                    break;
                case null or { Kind: FileKind.Socket }:
                    // A socket is nothing without its process, which brings its own.
                    break;
                default:
                    Add(name);
                    break;
            }
        }
    }

    // By way of the overlay, since the upper file may hold nothing but changed attributes.
    private void Add(string name) => _tar.WriteEntry(Path.Join(_merged, name), name);

    private void AddOpaque(string path, string name)
    {
        if (Xattrs.Get(path, OpaqueAttribute) is [(byte)'y'])
        {
            Mark(Path.Join(name, OpaqueMarker));
        }
    }

    private void Mark(string name) => _tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name));
}
