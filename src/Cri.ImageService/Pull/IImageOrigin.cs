using Cri.ImageService.Registry;
using Cri.Oci.Images;

namespace Cri.ImageService.Pull;

/// <summary>Where the parts of one image come from: a registry or an archive. What is asked for by digest is verified.</summary>
internal interface IImageOrigin : ILayerOrigin
{
    /// <summary>The digest of the image's index, or of its manifest when there is none.</summary>
    /// <exception cref="ImageException">It is not known, or nobody who knows can be asked.</exception>
    Task<Digest> ResolveAsync(CancellationToken cancellation);

    /// <summary>A manifest or an index.</summary>
    /// <exception cref="ImageException">It is not there in a form that is acceptable.</exception>
    Task<ManifestDocument> FetchManifestAsync(Digest digest, CancellationToken cancellation);

    /// <summary>A small blob as a whole, at most <paramref name="max"/> bytes.</summary>
    /// <exception cref="ImageException">It is not there in a form that is acceptable.</exception>
    Task<byte[]> FetchBlobAsync(Descriptor blob, int max, CancellationToken cancellation);
}
