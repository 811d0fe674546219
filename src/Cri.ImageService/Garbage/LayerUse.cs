using Cri.ImageService.Layers;
using Cri.ImageService.Snapshots;
using Cri.Linux;

namespace Cri.ImageService.Garbage;

/// <summary>Who needs which layers, at one moment.</summary>
internal sealed class LayerUse
{
    private readonly Dictionary<string, Layer> _layers;
    private readonly ILookup<string, string> _images;
    private readonly HashSet<string> _ofContainers;

    internal LayerUse(ImageStore images, LayerStore layers, Snapshotter snapshots)
    {
        _layers = layers.All.ToDictionary(layer => layer.Name);
        _images = images.Known
            .SelectMany(image => image.Layers.Select(layer => (layer, image.Id))).ToLookup(pair => pair.layer, pair => pair.Id);
        _ofContainers = [.. snapshots.UsedLayers];
    }

    /// <summary>All layers.</summary>
    internal IReadOnlyCollection<Layer> Layers => _layers.Values;

    /// <summary>What all layers of an image take.</summary>
    internal FileSystemUsage Of(ImageRecord image) => Sum(image.Layers);

    /// <summary>What its layers take that no other image has.</summary>
    internal FileSystemUsage Unique(ImageRecord image) => Sum(image.Layers.Where(layer => _images[layer].All(id => id == image.Id)));

    /// <summary>What is free when these images are gone: layers that no other image and no container has.</summary>
    internal FileSystemUsage FreedBy(IReadOnlySet<string> imageIds) => Sum(
        _layers.Keys.Where(layer => _images[layer].Any() && _images[layer].All(imageIds.Contains) && !_ofContainers.Contains(layer)));

    /// <summary>How many layers a container is over, or are of these images.</summary>
    internal int Active(IReadOnlySet<string> imageIds) =>
        _layers.Keys.Count(layer => _ofContainers.Contains(layer) || _images[layer].Any(imageIds.Contains));

    private FileSystemUsage Sum(IEnumerable<string> names) =>
        names.Aggregate(FileSystemUsage.None, (sum, name) => sum + (_layers.GetValueOrDefault(name)?.Usage ?? FileSystemUsage.None));
}
