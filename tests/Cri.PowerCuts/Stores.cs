using System.Collections.Concurrent;
using Cri.ImageService;
using Cri.ImageService.Layers;
using Cri.ImageService.Pull;
using Cri.ImageService.Snapshots;

namespace Cri.PowerCuts;

/// <summary>The image service of one run of the server, from a start to a cut.</summary>
public sealed class Stores : IDisposable
{
    public Stores(string root)
    {
        var options = new ImageServiceOptions { Root = root, MaxAttempts = 1 };
        Layers = LayerStore.Open(root, new ImageJournal(Told.Enqueue, Told.Enqueue));
        Images = ImageStore.Open(root, Layers);
        Snapshots = Snapshotter.Open(root, Layers);
        Layers.RemoveUnused();
        Puller = new ImagePuller(options, Images, Layers);
    }

    public ConcurrentQueue<string> Told { get; } = [];

    public LayerStore Layers { get; }

    public ImageStore Images { get; }

    public Snapshotter Snapshots { get; }

    public ImagePuller Puller { get; }

    public Task PullAsync(string name, CancellationToken cancellation) => Puller.PullAsync(name, null, cancellation);

    public async Task RemoveAsync(string name)
    {
        var record = Images.Find(name);
        if (record is null || !await Images.RemoveAsync(record.Id, CancellationToken.None))
        {
            throw new InvalidOperationException($"{name} was not there");
        }
    }

    public void Dispose()
    {
        Puller.Dispose();
        Images.Dispose();
        Layers.Dispose();
    }
}
