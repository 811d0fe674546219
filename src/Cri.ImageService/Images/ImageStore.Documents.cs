using Cri.ImageService.Registry;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Reading the documents of images.</summary>
public sealed partial class ImageStore
{
    /// <summary>The configuration document of an image as it came: JSON in UTF-8.</summary>
    /// <exception cref="ImageException">It cannot be read, or is damaged on disk.</exception>
    public byte[] ReadConfiguration(ImageRecord image) => ReadDocument(image, Digest.Parse(image.Id));

    /// <summary>
    /// The manifests by which an image is known, in the order they came: more than one when several registries compress its
    /// layers differently.
    /// </summary>
    /// <exception cref="ImageException">One of its documents cannot be read, or is damaged on disk.</exception>
    internal IReadOnlyList<ManifestDocument> ReadManifests(ImageRecord image) => image.Files is not null
        ? [ReadManifest(image, Digest.Parse(image.Id))]
        :
        [
            .. image.Documents
                .Where(digest => digest.ToString() != image.Id)
                .Select(digest => ReadManifest(image, digest))
                .Where(document => document.Manifest?.Config.Digest.ToString() == image.Id),
        ];

    private ManifestDocument ReadManifest(ImageRecord image, Digest digest) =>
        ManifestDocument.Parse($"image {image.Id}", digest, ReadDocument(image, digest), null);

    /// <summary>One of the documents of an image as it came.</summary>
    /// <exception cref="ImageException">It cannot be read, or is damaged on disk.</exception>
    internal byte[] ReadDocument(ImageRecord image, Digest digest)
    {
        try
        {
            return _documents.Read(digest);
        }
        catch (IOException error)
        {
            throw new ImageException(StatusCode.Internal, $"image {image.Id}: read {digest}: {error.Message}", error);
        }
        catch (InvalidDataException error)
        {
            throw new ImageException(StatusCode.Internal, $"image {image.Id}: {error.Message}", error);
        }
    }
}
