namespace Cri.ImageService.Layers;

/// <summary>The layers of an image as overlay takes them.</summary>
internal static class LayerStack
{
    /// <summary>The most different layers that an image may have: overlay stacks 500, and a view of an image needs one more.</summary>
    internal const int Max = 499;

    /// <summary>
    /// Short names, bottom first, each once: overlay refuses a directory that comes twice. Of a layer that an image has
    /// more than once the highest place counts, since there it hides all that it would add further down.
    /// </summary>
    internal static IReadOnlyList<string> Names(LayerLease lease) =>
        [.. lease.Layers.Select(layer => layer.Name).Reverse().Distinct().Reverse()];
}
