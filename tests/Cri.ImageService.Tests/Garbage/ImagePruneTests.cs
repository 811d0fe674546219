using Cri.Api.V1;
using Cri.ImageService.Garbage;
using Cri.ImageService.Tests.Fixtures;

namespace Cri.ImageService.Tests.Garbage;

public sealed class ImagePruneTests : IDisposable
{
    private readonly ScriptedRegistry _registry = new();
    private readonly ImageNode _node;
    private readonly byte[] _shared = new LayerTar().File("shared", new byte[20_000]).ToArray();

    public ImagePruneTests() =>
        _node = new ImageNode(options => options with { Pinned = [ImageNamePattern.Parse($"{_registry.Host}/pinned/*")] });

    public void Dispose()
    {
        _registry.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task RunAsync_ByDefault_RemovesUnusedImagesWithoutTag()
    {
        var old = await PullAsync("app", "old");
        var current = await PullAsync("app", "new");

        var result = await PruneAsync(all: false);

        var pruned = Assert.Single(result.Images);
        Assert.Equal(old.Id, pruned.ImageId);
        Assert.Equal(result.Bytes, pruned.Bytes);

        // A file of two bytes and its directory; the other layer is the new image's too.
        Assert.Equal(8192, result.Bytes);
        Assert.Equal([current.Id], _node.Images.Images.Select(image => image.Id));
        Assert.Equal(2, _node.Names("layers").Count);
    }

    [Fact]
    public async Task RunAsync_All_SparesPinnedAndUsedImages()
    {
        var pinned = await PullAsync("pinned/app", "1");
        var used = await PullAsync("used", "2");
        var volume = await PullAsync("volume", "3");
        var unused = await PullAsync("unused", "4");
        await _node.Snapshotter.PrepareAsync("c1", used, CancellationToken.None);
        await _node.Snapshotter.PrepareViewAsync("c1", 0, volume, null, CancellationToken.None);

        var result = await PruneAsync(all: true);

        Assert.Equal([unused.Id], result.Images.Select(image => image.ImageId));
        Assert.Equal(
            new[] { pinned.Id, used.Id, volume.Id }.Order(StringComparer.Ordinal), _node.Images.Images.Select(image => image.Id));
    }

    [Fact]
    public async Task RunAsync_AllOfSeveral_FreesWhatTheyShared()
    {
        await PullAsync("one", "1");
        await PullAsync("two", "2");
        var layers = _node.Layers.Usage.Bytes;

        var result = await PruneAsync(all: true);

        Assert.Equal(layers, result.Bytes);
        Assert.Equal(2, result.Images.Count);
        Assert.All(result.Images, image => Assert.InRange(image.Bytes, 1, result.Bytes - 1));
        _node.AssertEmpty();
    }

    [Fact]
    public async Task RunAsync_DryRun_OnlyTells()
    {
        await PullAsync("one", "1");

        var result = await new ImagePrune(_node.Images, _node.Layers, _node.Snapshotter).RunAsync(true, dryRun: true, CancellationToken.None);

        Assert.Single(result.Images);
        Assert.Single(_node.Images.Images);
    }

    [Fact]
    public async Task ListImages_PinnedImage_SaysSo()
    {
        await PullAsync("pinned/app", "1");
        await PullAsync("app", "2");

        var listed = await _node.Server.ListImages(new ListImagesRequest(), new TestCallContext());

        Assert.Equal([$"{_registry.Host}/pinned/app:v1"], listed.Images.Where(image => image.Pinned).SelectMany(image => image.RepoTags));
        _node.Reopen();
        Assert.Single(_node.Images.Images, image => image.Pinned);
    }

    [Fact]
    public async Task RemoveImage_PinnedImage_IsRemovedAsTheCriWants()
    {
        var pinned = await PullAsync("pinned/app", "1");

        await _node.Server.RemoveImage(new RemoveImageRequest { Image = new ImageSpec { Image = pinned.Id } }, new TestCallContext());

        _node.AssertEmpty();
    }

    [Fact]
    public async Task Read_DiskUsage_TellsSharedAndUniqueBytes()
    {
        var first = await PullAsync("one", "1");
        await PullAsync("two", "2");
        await _node.Snapshotter.PrepareAsync("c1", first, CancellationToken.None);

        var report = new DiskUsage(_node.Images, _node.Layers, _node.Snapshotter).Read();

        var image = report.Images.Single(image => image.Image.Id == first.Id);
        Assert.Equal(1, image.Containers);
        Assert.Equal(24_576, image.Bytes - image.UniqueBytes);
        var kinds = report.Kinds.ToDictionary(kind => kind.Kind);
        Assert.Equal((2, 1), (kinds["images"].Count, kinds["images"].Active));
        Assert.Equal((3, 2), (kinds["layers"].Count, kinds["layers"].Active));
        Assert.Equal(8192, kinds["layers"].Reclaimable);
        Assert.Equal(_node.Layers.Usage, kinds["layers"].Usage);
        Assert.Equal(4, kinds["blobs"].Count);
        Assert.Equal(1, kinds["containers"].Count);
        Assert.Equal(0, kinds["being removed"].Count);
        Assert.True(report.Total.Bytes > report.Used.Bytes);
    }

    private async Task<ImageRecord> PullAsync(string repository, string content)
    {
        _registry.Add(new TestImage().Layer(_shared).Layer(new LayerTar().File("own", content)).Finish(), repository, "v1");
        return await _node.PullAsync($"{_registry.Host}/{repository}:v1");
    }

    private Task<PruneResult> PruneAsync(bool all) =>
        new ImagePrune(_node.Images, _node.Layers, _node.Snapshotter).RunAsync(all, dryRun: false, CancellationToken.None);
}
