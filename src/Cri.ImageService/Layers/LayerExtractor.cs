using Cri.ImageService.Layers.Tar;
using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>
/// Extracts a layer's tar into a directory of its own, in the form that overlay reads: removals become 0:0 character
/// devices, and replaced directories get <c>trusted.overlay.opaque</c>. Nothing outside the directory can be touched,
/// whatever the archive says; what tries is refused by name. One pass, one thread.
/// </summary>
internal sealed partial class LayerExtractor : IDisposable
{
    private const int ContentBufferSize = 128 * 1024;
    private const int ImpliedDirectoryPermissions = 0x1ED; // 0755
    private const string OpaqueXattr = "trusted.overlay.opaque";

    private readonly FileTree _tree;
    private readonly byte[] _buffer = new byte[ContentBufferSize];
    private readonly List<(EntryPath Path, FileTime Modified)> _directoryTimes = [];
    private readonly SortedSet<string> _implied = new(StringComparer.Ordinal) { "" };

    // Archives list a directory's entries together, so the last parent is nearly always the next one too.
    private byte[] _parentPath = [];
    private Fd? _parent;

    // The space taken so far, in whole blocks of 4 KiB; the root counts too.
    private long _bytes = BlockSize;
    private long _inodes = 1;

    private LayerExtractor(string directory) => _tree = FileTree.Open(directory);

    /// <summary>Extracts all of <paramref name="archive"/> into the empty directory <paramref name="directory"/>.</summary>
    /// <returns>The space it takes, and which directories the archive did not list.</returns>
    /// <exception cref="LayerFormatException">The archive is damaged or hostile; the message names the entry.</exception>
    /// <exception cref="IOException">The disk or the archive's stream failed.</exception>
    internal static ExtractedTree Extract(Stream archive, string directory)
    {
        using var extractor = new LayerExtractor(directory);
        extractor.ExtractAll(new TarReader(archive));
        return new ExtractedTree(new FileSystemUsage(extractor._bytes, extractor._inodes), [.. extractor._implied]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetParent();
        _tree.Dispose();
    }

    private void ExtractAll(TarReader reader)
    {
        FileTree.SetPermissions(_tree.Root, "."u8, ImpliedDirectoryPermissions);
        while (reader.Next() is { } entry)
        {
            try
            {
                ExtractEntry(entry, reader);
            }
            catch (LayerFormatException error)
            {
                throw new LayerFormatException($"entry \"{entry.DisplayName}\": {error.Message}", error);
            }
            catch (LinuxException error) when (!error.IsExhausted)
            {
                throw new IOException($"entry \"{entry.DisplayName}\": {error.Message}", error);
            }
        }

        ApplyDirectoryTimes();
    }

    private void ExtractEntry(TarEntry entry, TarReader reader)
    {
        var path = EntryPath.Parse(entry.Name);
        if (path.IsRoot)
        {
            ExtractRoot(entry);
        }
        else if (Whiteout.IsOpaqueMarker(path.Leaf))
        {
            MakeOpaque(path);
        }
        else if (Whiteout.IsMetadata(path.Bytes))
        {
            return;
        }
        else if (Whiteout.TryParse(path.Leaf, out var removed))
        {
            MakeWhiteout(OpenParent(path.Parent), removed);
        }
        else
        {
            Create(entry, path, reader);
        }
    }

    private void ExtractRoot(TarEntry entry)
    {
        if (entry.Type != TarEntryType.Directory)
        {
            throw new LayerFormatException("only a directory can be the root of a layer");
        }

        _implied.Remove("");
        ApplyMetadata(_tree.Root, "."u8, entry);
        _directoryTimes.Add((EntryPath.Parse([]), entry.Modified));
    }

    // The times of directories come last, since every entry made in one changes them. What a later entry replaced is left alone.
    private void ApplyDirectoryTimes()
    {
        ForgetParent();
        for (var i = _directoryTimes.Count - 1; i >= 0; i--)
        {
            var (path, modified) = _directoryTimes[i];
            using var directory = OpenIfThere(path.Bytes);
            if (directory is not null)
            {
                FileTree.SetModified(directory, "."u8, modified);
            }
        }
    }

    private Fd? OpenIfThere(ReadOnlySpan<byte> path)
    {
        try
        {
            return _tree.OpenDirectory(path);
        }
        catch (LinuxException error) when (error.Error is Errno.ENOTDIR or Errno.ELOOP or Errno.EXDEV)
        {
            return null;
        }
    }
}
