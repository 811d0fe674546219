using Cri.ImageService.Removal;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Images;

/// <summary>Manifests, indexes and configurations, as they came, under <c>blobs/</c> by digest.</summary>
internal sealed class DocumentStore
{
    private readonly StorageLayout _layout;
    private readonly LeftoverReport _leftovers;

    private DocumentStore(StorageLayout layout, LeftoverReport leftovers)
    {
        _layout = layout;
        _leftovers = leftovers;
    }

    /// <summary>Opens the store; what an earlier process left unfinished is removed by <paramref name="removal"/>.</summary>
    internal static DocumentStore Open(StorageLayout layout, BackgroundRemoval removal, LeftoverReport leftovers)
    {
        StorageLayout.CreatePrivate(layout.Blobs);
        foreach (var algorithm in Directory.EnumerateDirectories(layout.Blobs).ToList())
        {
            RemoveLeftovers(algorithm, removal, leftovers);
        }

        return new DocumentStore(layout, leftovers);
    }

    /// <summary>Stores a document durably; nothing to do when it is there and sound.</summary>
    internal void Write(Digest digest, ReadOnlySpan<byte> content)
    {
        var path = _layout.Blob(digest);
        if (!IsSame(path, content))
        {
            StorageLayout.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, content);
        }
    }

    /// <summary>A new place for a large blob that is still on its way.</summary>
    internal StagedBlob Stage(Digest digest)
    {
        var path = _layout.Blob(digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new StagedBlob(StorageLayout.Unfinished(Path.GetDirectoryName(path)!), path);
    }

    /// <summary>Reads a document and verifies it.</summary>
    /// <exception cref="InvalidDataException">It is damaged on disk.</exception>
    internal byte[] Read(Digest digest)
    {
        var content = File.ReadAllBytes(_layout.Blob(digest));
        return digest.OfSame(content) == digest
            ? content
            : throw new InvalidDataException($"blob {digest} is damaged on disk: its content has digest {digest.OfSame(content)}");
    }

    /// <summary>Why a document is of no use, as far as its length tells; null when it looks sound.</summary>
    internal string? FindDamage(Digest digest) => new FileInfo(_layout.Blob(digest)) switch
    {
        { Exists: false } => $"blob {digest} is missing",
        { Length: 0 } when digest.OfSame([]) != digest => $"blob {digest} is empty",
        _ => null,
    };

    /// <summary>Reads a document, however large; says what is wrong with it, or null.</summary>
    internal string? Verify(Digest digest, CancellationToken cancellation)
    {
        try
        {
            using var file = File.OpenRead(_layout.Blob(digest));
            using var hash = digest.CreateHash();
            var buffer = new byte[64 * 1024];
            for (int count; (count = file.Read(buffer)) > 0;)
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
            }

            var actual = digest.Finish(hash);
            return actual == digest ? null : $"its content has digest {actual}";
        }
        catch (IOException error)
        {
            return error.Message;
        }
    }

    /// <summary>Removes a document; nothing to do when it is missing.</summary>
    internal void Delete(Digest digest)
    {
        // Without any document there may be no directory, which File.Delete would mind.
        var path = _layout.Blob(digest);
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    /// <summary>The space that a document takes; none when it is missing.</summary>
    internal long Size(Digest digest) => new FileInfo(_layout.Blob(digest)) is { Exists: true } file ? file.Length : 0;

    /// <summary>Removes every document that is not in <paramref name="wanted"/>. What is no document stays.</summary>
    internal void DeleteExcept(IReadOnlySet<string> wanted)
    {
        foreach (var path in Directory.EnumerateDirectories(_layout.Blobs).SelectMany(Directory.EnumerateFiles).ToList())
        {
            var name = $"{Path.GetFileName(Path.GetDirectoryName(path))}:{Path.GetFileName(path)}";
            if (StorageLayout.IsLeftover(path) || wanted.Contains(name))
            {
                continue;
            }

            if (!Digest.TryParse(name, out _))
            {
                _leftovers.FoundUnknown(path);
                continue;
            }

            _leftovers.Expect();
            _leftovers.Found("documents that no image names");
            var size = new FileInfo(path).Length;
            File.Delete(path);
            _leftovers.Freed(new FileSystemUsage(size, 1));
        }
    }

    private static void RemoveLeftovers(string directory, BackgroundRemoval removal, LeftoverReport leftovers)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(directory).Where(StorageLayout.IsLeftover).ToList())
        {
            leftovers.Found("unfinished documents");
            removal.RemoveNameless(path, null, leftovers);
        }
    }

    private static bool IsSame(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            return content.SequenceEqual(File.ReadAllBytes(path));
        }
        catch (IOException)
        {
            return false;
        }
    }
}
