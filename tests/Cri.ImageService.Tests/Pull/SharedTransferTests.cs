using Cri.ImageService.Tests.Fixtures;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Pulls at the same time, counted in a real registry's log.</summary>
public sealed class SharedTransferTests : IDisposable
{
    private readonly DistributionRegistry _registry = new();

    public void Dispose() => _registry.Dispose();

    [Fact]
    public async Task PullAsync_TenAtOnce_CostOneTransfer()
    {
        var image = RandomContent.Image(21, 1 << 20, 2 << 20, 3 << 20, 4 << 20, 5 << 20);
        _registry.Push(image, "popular:v1");
        using var network = new TcpRelay(_registry.Port, bytesPerSecond: 8 << 20);
        using var node = new ImageNode();

        var records = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => node.PullAsync($"{network.Host}/popular:v1")));

        Assert.All(records, record => Assert.Equal(image.Id, record.Id));
        Assert.All(image.Blobs.Keys, digest => Assert.Equal(1, _registry.CountRequests("GET", digest.Hex)));
    }

    [Fact]
    public async Task PullAsync_DifferentImagesAtOnce_ShareTheirLayers()
    {
        var shared = new LayerTar().File("shared", RandomContent.Of(22, 4 << 20)).ToArray();
        var images = Enumerable.Range(0, 4)
            .Select(i => new TestImage().Layer(shared, "none").Layer(new LayerTar().File("own", RandomContent.Of(30 + i, 1 << 20)), "none").Finish())
            .ToList();
        for (var i = 0; i < images.Count; i++)
        {
            _registry.Push(images[i], $"family:v{i}");
        }

        using var network = new TcpRelay(_registry.Port, bytesPerSecond: 8 << 20);
        using var node = new ImageNode();

        await Task.WhenAll(images.Select((_, i) => node.PullAsync($"{network.Host}/family:v{i}")));

        Assert.All(images.SelectMany(image => image.LayerDigests).Distinct(), layer => Assert.Equal(1, _registry.CountRequests("GET", layer.Hex)));
        Assert.Equal(5, node.Names("layers").Count);
    }

    [Fact]
    public async Task PullAsync_OneOfManyCancelled_EndsAloneAndTheOthersShare()
    {
        var image = RandomContent.Image(23, 4 << 20);
        _registry.Push(image, "awaited:v1");
        using var network = new TcpRelay(_registry.Port, bytesPerSecond: 4 << 20);
        using var node = new ImageNode();
        using var cancel = new CancellationTokenSource();
        var cancelled = node.Puller.PullAsync($"{network.Host}/awaited:v1", null, cancel.Token);
        var others = Enumerable.Range(0, 9).Select(_ => node.PullAsync($"{network.Host}/awaited:v1")).ToList();
        await Until.TrueAsync(() => node.Puller.Running.Any(pull => pull.BytesDone > 0) || others.All(pull => pull.IsCompleted));

        await cancel.CancelAsync();
        await Record.ExceptionAsync(() => cancelled);
        await Task.WhenAll(others);

        Assert.Equal(1, _registry.CountRequests("GET", image.LayerDigests[0].Hex));
    }
}
