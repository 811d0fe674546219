using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Snapshots;

namespace Cri.ImageService;

/// <summary>
/// The CRI's image service: one file for each verb. Failures leave as <see cref="ImageException"/>, which carries its status.
/// <code>
/// var layers = LayerStore.Open(options.Root);
/// var images = ImageStore.Open(options.Root, layers);
/// var snapshotter = Snapshotter.Open(options.Root, layers);
/// layers.RemoveUnused();
/// var puller = new ImagePuller(options, images, layers);
/// var server = new ImageServer(images, puller, snapshotter, layers);
/// </code>
/// </summary>
public sealed partial class ImageServer : Api.V1.ImageService.ImageServiceBase
{
    private readonly ImageStore _images;
    private readonly ImagePuller _puller;
    private readonly Snapshotter _snapshotter;
    private readonly LayerStore _layers;

    /// <summary>A server over opened stores.</summary>
    public ImageServer(ImageStore images, ImagePuller puller, Snapshotter snapshotter, LayerStore layers)
    {
        _images = images;
        _puller = puller;
        _snapshotter = snapshotter;
        _layers = layers;
    }
}
