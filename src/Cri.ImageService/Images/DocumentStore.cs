using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Images;

/// <summary>Manifests, indexes and configurations, as they came, under <c>blobs/</c> by digest.</summary>
internal sealed class DocumentStore
{
    private readonly StorageLayout _layout;

    private DocumentStore(StorageLayout layout) => _layout = layout;

    /// <summary>Opens the store after sweeping what an earlier process left unfinished.</summary>
    internal static DocumentStore Open(StorageLayout layout)
    {
        Directory.CreateDirectory(layout.Blobs);
        foreach (var algorithm in Directory.EnumerateDirectories(layout.Blobs).ToList())
        {
            StorageLayout.Sweep(algorithm);
        }

        return new DocumentStore(layout);
    }

    /// <summary>Stores a document durably; nothing to do when it is there.</summary>
    internal void Write(Digest digest, ReadOnlySpan<byte> content)
    {
        var path = _layout.Blob(digest);
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, content);
        }
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

    internal void Delete(Digest digest) => File.Delete(_layout.Blob(digest));

    /// <summary>Removes every document that is not in <paramref name="wanted"/>.</summary>
    internal void DeleteExcept(IReadOnlySet<string> wanted)
    {
        foreach (var path in Directory.EnumerateFiles(_layout.Blobs, "*", SearchOption.AllDirectories).ToList())
        {
            var name = $"{Path.GetFileName(Path.GetDirectoryName(path))}:{Path.GetFileName(path)}";
            if (!wanted.Contains(name))
            {
                File.Delete(path);
            }
        }
    }
}
