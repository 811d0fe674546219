namespace Cri.ImageService.Layers;

/// <summary>Something in a layer that is not as its archive says.</summary>
/// <param name="Path">The path below the layer's root; empty for the root, or for the layer as a whole.</param>
/// <param name="Reason">What is wrong.</param>
internal sealed record LayerDamage(string Path, string Reason);
