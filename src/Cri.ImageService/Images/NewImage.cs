using Cri.ImageService.Layers;
using Cri.Oci.Images;

namespace Cri.ImageService.Images;

/// <summary>An image whose layers are all on disk, ready to become visible.</summary>
/// <param name="Reference">The name it was pulled by.</param>
/// <param name="Resolved">The digest that the name resolved to: of the index where there is one, else of the manifest.</param>
/// <param name="Id">The digest of its configuration.</param>
/// <param name="Image">The configuration.</param>
/// <param name="Size">Bytes of manifest, configuration and compressed layers.</param>
/// <param name="Documents">Index, manifest and configuration as they came.</param>
/// <param name="Lease">Holds its layers, bottom first. The store takes it over.</param>
internal sealed record NewImage(
    ImageReference Reference, Digest Resolved, Digest Id, Image Image, long Size,
    IReadOnlyDictionary<Digest, byte[]> Documents, LayerLease Lease);
