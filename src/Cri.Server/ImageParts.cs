using Cri.ImageService;
using Cri.ImageService.Integrity;
using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Snapshots;
using Cri.RuntimeService;
using Cri.Server.Configuration;

namespace Cri.Server;

/// <summary>The image half of a node, wired.</summary>
/// <param name="Server">The CRI ImageService.</param>
/// <param name="Operator">Crisp's own service beside it.</param>
/// <param name="Store">The images.</param>
/// <param name="Layers">The extracted layers.</param>
/// <param name="Snapshots">The writable layers of containers.</param>
/// <param name="Scan">What looks at the layers after a power cut.</param>
public sealed record ImageParts(
    ImageServer Server, ImagesServer Operator, ImageStore Store, LayerStore Layers, Snapshotter Snapshots, PowerCutScan Scan) : IDisposable
{
    /// <summary>Opens what lies under the root directory, sweeping what a crash left half-done.</summary>
    public static ImageParts Open(CrispConfiguration configuration, Journal journal)
    {
        var options = new ImageServiceOptions
        {
            Root = configuration.Root,
            HostsDir = configuration.Registry.HostsDir,
            StallTimeout = configuration.Registry.StallTimeout,
            MinBytesPerSecond = configuration.Registry.MinBytesPerSecond,
            MaxAttempts = configuration.Registry.MaxAttempts,
            Policies = configuration.Images.Policies,
            Pinned = configuration.Images.Pinned,
            KeepBlobs = configuration.Images.KeepBlobs,
            MaxParallelLayers = configuration.Images.MaxParallelLayers ?? ImageServiceOptions.DefaultMaxParallelLayers,
            Limits = configuration.Images.Limits,
            MaxConnections = configuration.Images.MaxConnections ?? ImageServiceOptions.DefaultMaxConnections,
            MaxConnectionsPerHost = configuration.Images.MaxConnectionsPerHost ?? ImageServiceOptions.DefaultMaxConnectionsPerHost,
            RangeThreshold = (long)configuration.Images.RangeThresholdMiB << 20,
            DownloadMemory = configuration.Images.DownloadMemoryMiB is { } memory ? (long)memory << 20 : ImageServiceOptions.DefaultDownloadMemory,
            UserAgent = $"crisp/{Node.Version}",
        };
        var layers = LayerStore.Open(options.Root, new ImageJournal(journal.Info, journal.Warn));
        var images = ImageStore.Open(options.Root, layers, options.Pinned);
        foreach (var problem in images.Problems)
        {
            journal.Warn(problem);
        }

        var snapshots = Snapshotter.Open(options.Root, layers);
        layers.RemoveUnused();

        var puller = new ImagePuller(options, images, layers);
        var operators = new ImagesServer(images, layers, snapshots, puller);
        var server = new ImageServer(images, puller, snapshots, layers);
        return new ImageParts(server, operators, images, layers, snapshots, PowerCutScan.Start(images, layers));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Scan.Dispose();
        Store.Dispose();
        Layers.Dispose();
    }
}
