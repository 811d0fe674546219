using Cri.ImageService.Layers.Recipes;
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
    private const string OriginXattr = "trusted.overlay.origin";

    private readonly FileTree _tree;
    private readonly RecipeRecorder? _recipe;
    private readonly CreationDefaults _defaults;
    private readonly byte[] _buffer = new byte[ContentBufferSize];
    private readonly List<(byte[] RealPath, FileTime Modified)> _directoryTimes = [];
    private readonly SortedSet<string> _implied = new(StringComparer.Ordinal) { "" };

    // Archives list a directory's entries together, so the last parent is nearly always the next one too.
    private byte[] _parentPath = [];
    private byte[] _parentRealPath = [];
    private byte[] _openedRealPath = [];
    private Fd? _parent;

    // The space taken so far, in whole blocks of 4 KiB; the root counts too.
    private long _bytes = BlockSize;
    private long _inodes = 1;

    private LayerExtractor(string directory, RecipeRecorder? recipe)
    {
        (_tree, _recipe) = (FileTree.Open(directory), recipe);
        _defaults = CreationDefaults.Of(_tree);
    }

    /// <summary>Extracts all of <paramref name="archive"/> into the empty directory <paramref name="directory"/>.</summary>
    /// <param name="archive">The plain tar. With a recipe it is read to its end, otherwise to the end of the last entry.</param>
    /// <param name="directory">Where the tree comes to be.</param>
    /// <param name="recipe">Takes down how to make the archive again, for <see cref="LayerArchive"/>; null for a tree alone.</param>
    /// <param name="meter">Holds the entries to the limits; null for none.</param>
    /// <returns>The space it takes, and which directories the archive did not list.</returns>
    /// <exception cref="LayerFormatException">The archive is damaged or hostile; the message names the entry.</exception>
    /// <exception cref="IOException">The disk or the archive's stream failed.</exception>
    internal static ExtractedTree Extract(Stream archive, string directory, RecipeWriter? recipe = null, UnpackMeter? meter = null)
    {
        using var recorder = recipe is null ? null : new RecipeRecorder(archive, recipe);
        using var extractor = new LayerExtractor(directory, recorder);
        extractor.ExtractAll(new TarReader(recorder ?? archive), meter);
        recorder?.Finish();
        return new ExtractedTree(new FileSystemUsage(extractor._bytes, extractor._inodes), [.. extractor._implied]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetParent();
        _tree.Dispose();
    }

    private void ExtractAll(TarReader reader, UnpackMeter? meter)
    {
        FileTree.SetPermissions(_tree.Root, "."u8, ImpliedDirectoryPermissions);
        while (reader.Next() is { } entry)
        {
            meter?.AddEntry();
            try
            {
                ExtractEntry(entry, reader);
            }
            catch (LayerFormatException error)
            {
                throw new LayerFormatException($"entry \"{entry.DisplayName}\": {error.Message}", error);
            }
            catch (LinuxException error) when (IsRefusal(error))
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

    // What the kernel says of a name, a length, an attribute or a number of links that no file may have.
    private static bool IsRefusal(LinuxException error) => error.Error
        is Errno.ENAMETOOLONG or Errno.EINVAL or Errno.ERANGE or Errno.E2BIG or Errno.EFBIG or Errno.EMLINK or Errno.EOVERFLOW;

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

        if (!_implied.Remove(""))
        {
            _recipe?.Relisted([]);
        }

        _recipe?.Made([]);
        ApplyMetadata(_tree.Root, "."u8, [], entry, isNew: false);
        _defaults.TakeDirectory(entry);
        _directoryTimes.Add(([], entry.Modified));
    }

    // The times of directories come last, since every entry made in one changes them. What a later entry replaced is left alone.
    private void ApplyDirectoryTimes()
    {
        ForgetParent();
        foreach (var (path, modified) in _directoryTimes)
        {
            using var directory = OpenIfThere(path);
            if (directory is not null)
            {
                FileTree.SetModified(directory, "."u8, modified);
            }
        }
    }

    private Fd? OpenIfThere(ReadOnlySpan<byte> realPath)
    {
        try
        {
            return _tree.OpenRealDirectory(realPath);
        }
        catch (LinuxException error) when (error.Error is Errno.ENOTDIR or Errno.ELOOP)
        {
            return null;
        }
    }
}
