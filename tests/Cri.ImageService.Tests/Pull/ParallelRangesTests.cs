using Cri.ImageService.Tests.Fixtures;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Large blobs over networks that give one connection little.</summary>
public sealed class ParallelRangesTests : IDisposable
{
    private const int Size = 16 << 20;
    private const int Rate = 2 << 20;

    // Parts are fetched only while the network is the slow side, so the disk must not be.
    private readonly TemporaryDirectory _root = TemporaryDirectory.InMemory();

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task PullAsync_ConnectionsAreSlow_FetchesPartsBesideTheMainStream()
    {
        var image = RandomContent.Image(11, Size);
        using var registry = new DistributionRegistry();
        registry.Push(image, "large:v1");
        using var network = new TcpRelay(registry.Port, bytesPerSecond: Rate);
        using var node = Node();

        var record = await node.PullAsync($"{network.Host}/large:v1");

        Assert.Equal(RandomContent.Of(11, Size), File.ReadAllBytes(Path.Join(node.Tree(record), "bulk")));
        Assert.True(registry.CountRequests("GET", image.LayerDigests[0].Hex) >= 2, "no part was fetched");
        Assert.True(network.MostConnections >= 2, "nothing came at once");
    }

    [Fact]
    public async Task PullAsync_ConnectionsAreSlowAndBreak_PartsAreResumed()
    {
        var image = RandomContent.Image(12, Size);
        using var registry = new DistributionRegistry();
        registry.Push(image, "large:v1");
        using var network = new TcpRelay(registry.Port, Enumerable.Range(1, 12).Select(i => i * (long)Size / 13), Rate);
        using var node = Node();

        var record = await node.PullAsync($"{network.Host}/large:v1");

        Assert.Equal(RandomContent.Of(12, Size), File.ReadAllBytes(Path.Join(node.Tree(record), "bulk")));
        Assert.Equal(12, network.Cuts);
    }

    [Fact]
    public async Task PullAsync_OneConnectionAndMemoryForOnePart_AreEnough()
    {
        var image = RandomContent.Image(13, Size / 2, Size / 2, Size / 2);
        using var registry = new DistributionRegistry();
        registry.Push(image, "large:v1");
        using var network = new TcpRelay(registry.Port, bytesPerSecond: 8 * Rate);
        using var node = Node(options => options with { MaxConnections = 1, DownloadMemory = 4 << 20 });

        var record = await node.PullAsync($"{network.Host}/large:v1");

        Assert.Equal(RandomContent.Of(15, Size / 2), File.ReadAllBytes(Path.Join(node.Tree(record, 2), "bulk")));
    }

    [Fact]
    public async Task PullAsync_BlobStoreElsewhere_IsAskedForPartsWithoutTheRegistry()
    {
        var image = RandomContent.Image(14, Size);
        var layer = image.LayerDigests[0];
        using var storage = new DistributionRegistry();
        storage.Push(image, "stored:v1");
        using var network = new TcpRelay(storage.Port, bytesPerSecond: Rate);
        using var registry = new ScriptedRegistry(request => request.Path.Contains(layer.Hex)
            ? new ScriptedAnswer(307, [], Headers: $"Location: http://{network.Host}/v2/stored/blobs/{layer}?signature=secret\r\n")
            : null).Add(image, "redirected", "v1");
        using var node = Node();

        await node.PullAsync($"{registry.Host}/redirected:v1");

        Assert.True(storage.CountRequests("GET", layer.Hex) >= 2, "no part was fetched");
        Assert.Equal(1, registry.Count(layer.Hex));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PullAsync_RangesAreNotWhatWasAsked_MainStreamBringsAll(bool otherPart)
    {
        var image = RandomContent.Image(15, Size);
        var layer = image.LayerDigests[0];
        var content = image.Blobs[layer];
        var asked = new TaskCompletionSource();
        using var registry = new ScriptedRegistry(request =>
        {
            if (!request.Path.Contains(layer.Hex))
            {
                return null;
            }

            if (request.Header("range") is null)
            {
                return new ScriptedAnswer(200, content);
            }

            asked.TrySetResult();
            return otherPart
                ? new ScriptedAnswer(206, content[..100], Headers: $"Content-Range: bytes 0-99/{content.Length}\r\n")
                : new ScriptedAnswer(200, content);
        }).Add(image, "large", "v1");
        var port = int.Parse(registry.Host.Split(':')[1]);
        using var network = new TcpRelay(port, bytesPerSecond: Rate);
        using var node = Node();

        var record = await node.PullAsync($"{network.Host}/large:v1");

        Assert.True(asked.Task.IsCompletedSuccessfully, "no part was asked for");
        Assert.Equal(RandomContent.Of(15, Size), File.ReadAllBytes(Path.Join(node.Tree(record), "bulk")));
        Assert.Equal(1, registry.Requests.Count(request => request.Path.Contains(layer.Hex) && request.Header("range") is null));
    }

    [Fact]
    public async Task PullAsync_CancelledWithPartsOnTheWay_LeavesNothing()
    {
        var image = RandomContent.Image(16, Size);
        using var registry = new DistributionRegistry();
        registry.Push(image, "large:v1");
        using var network = new TcpRelay(registry.Port, bytesPerSecond: Rate) { HoldAt = Size / 2 };
        using var node = Node();
        using var cancel = new CancellationTokenSource();
        var pull = node.Puller.PullAsync($"{network.Host}/large:v1", null, cancel.Token);
        await Until.TrueAsync(() => network.Relayed >= Size / 2);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);

        node.AssertEmpty();
    }

    private ImageNode Node(Func<ImageServiceOptions, ImageServiceOptions>? configure = null) =>
        new(options => (configure ?? (same => same))(options with { RangeThreshold = 4 << 20 }), _root.Path);
}
