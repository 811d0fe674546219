using Cri.ImageService.Transfer.Archives;
using Cri.Oci.Images;

namespace Cri.ImageService.Transfer.Import;

/// <summary>Finds the parts of an image in its archive by their digests: files of the archive, and documents that were made for it.</summary>
internal sealed class ArchivedParts(IArchive archive, Func<Digest, string> fileOf)
{
    private readonly Dictionary<Digest, byte[]> _made = [];

    /// <summary>The archive.</summary>
    internal IArchive Archive => archive;

    /// <summary>The parts of an OCI layout (image-layout.md).</summary>
    internal static ArchivedParts OfLayout(IArchive archive) => new(archive, digest => $"blobs/{digest.Algorithm}/{digest.Hex}");

    /// <summary>Adds a document that the archive does not have.</summary>
    internal void Add(Digest digest, byte[] content) => _made[digest] = content;

    /// <summary>Opens a layer.</summary>
    /// <exception cref="ImageException">It is missing, or has another length than its descriptor says.</exception>
    internal Stream Open(Descriptor blob)
    {
        var name = fileOf(blob.Digest);
        if (archive.LengthOf(name) is { } length && length != blob.Size)
        {
            throw ArchiveContent.Refused(archive, name, $"it has {length} bytes, the manifest says {blob.Size}");
        }

        return archive.Open(name);
    }

    /// <summary>Reads a small part and verifies it.</summary>
    /// <exception cref="ImageException">It is missing, too long, or something else.</exception>
    internal byte[] Read(Digest digest, int max) => _made.TryGetValue(digest, out var made) ? made : archive.Read(fileOf(digest), digest, max);
}
