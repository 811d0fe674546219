using Cri.ImageService.Layers;
using Cri.Oci.Images;

namespace Cri.ImageService.Pull;

/// <summary>A layer to fetch.</summary>
/// <param name="Blob">Its compressed form in the registry.</param>
/// <param name="DiffId">The digest of its uncompressed tar.</param>
/// <param name="Progress">Where to say how far it is.</param>
internal sealed record LayerSource(Descriptor Blob, Digest DiffId, LayerMeter Progress)
{
    /// <summary>What all layers of the image come to; shared by them.</summary>
    internal UnpackedTotals ImageTotals { get; init; } = new();
}
