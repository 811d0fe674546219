using Cri.ImageService.Layers;
using Cri.Oci.Images;

namespace Cri.ImageService.Images;

/// <summary>An image whose layers are all on disk, ready to become visible.</summary>
/// <param name="Names">The name it was pulled by, or those that it was imported by; none leaves it without one.</param>
/// <param name="Resolved">The digest that the names resolved to: of the index where there is one, else of the manifest.</param>
/// <param name="Id">The digest of its configuration.</param>
/// <param name="Image">The configuration.</param>
/// <param name="Size">Bytes of manifest, configuration and compressed layers.</param>
/// <param name="Documents">Index, manifest and configuration as they came.</param>
/// <param name="Lease">Holds its layers, bottom first. The store takes it over.</param>
internal sealed record NewImage(
    IReadOnlyList<ImageReference> Names, Digest Resolved, Digest Id, Image Image, long Size,
    IReadOnlyDictionary<Digest, byte[]> Documents, LayerLease Lease)
{
    /// <summary>Its compressed layers; those that are on disk when it becomes visible are kept with it.</summary>
    internal IReadOnlyList<Digest> Blobs { get; init; } = [];

    /// <summary>Of an artifact, its content; null for an image.</summary>
    internal StagedArtifact? Artifact { get; init; }
}
