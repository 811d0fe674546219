using Cri.ImageService;
using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Snapshots;
using Cri.RuntimeService;
using Cri.Server.Configuration;

namespace Cri.Server;

/// <summary>The image half of a node, wired.</summary>
/// <param name="Server">The CRI ImageService.</param>
/// <param name="Store">The images.</param>
/// <param name="Layers">The extracted layers.</param>
/// <param name="Snapshots">The writable layers of containers.</param>
public sealed record ImageParts(ImageServer Server, ImageStore Store, LayerStore Layers, Snapshotter Snapshots) : IDisposable
{
    /// <summary>Opens what lies under the root directory, sweeping what a crash left half-done.</summary>
    public static ImageParts Open(CrispConfiguration configuration, Journal journal)
    {
        var options = new ImageServiceOptions
        {
            Root = configuration.Root,
            HostsDir = configuration.Registry.HostsDir,
            UserAgent = $"crisp/{Node.Version}",
        };
        var layers = LayerStore.Open(options.Root);
        var images = ImageStore.Open(options.Root, layers);
        foreach (var problem in images.Problems)
        {
            journal.Warn(problem);
        }

        var snapshots = Snapshotter.Open(options.Root, layers);
        layers.RemoveUnused();
        var puller = new ImagePuller(options, images, layers);
        return new ImageParts(new ImageServer(images, puller, snapshots, layers), images, layers, snapshots);
    }

    /// <inheritdoc/>
    public void Dispose() => Store.Dispose();
}
