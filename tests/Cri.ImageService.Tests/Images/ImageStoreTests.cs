using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Images;

public sealed class ImageStoreTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry = new();

    public void Dispose()
    {
        _registry.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task Find_EveryFormOfName_FindsTheImage()
    {
        var (image, record) = await PullAsync("find", "team/app", "v1");

        Assert.Equal(record, _node.Images.Find(image.Id));
        Assert.Equal(record, _node.Images.Find(image.ConfigDigest.Hex));
        Assert.Equal(record, _node.Images.Find(image.ConfigDigest.Hex[..12]));
        Assert.Equal(record, _node.Images.Find($"sha256:{image.ConfigDigest.Hex[..12]}"));
        Assert.Equal(record, _node.Images.Find($"{_registry.Host}/team/app:v1"));
        Assert.Equal(record, _node.Images.Find($"{_registry.Host}/team/app@{image.ManifestDigest}"));
        Assert.Equal(record, _node.Images.Find($"{_registry.Host}/team/app:other@{image.ManifestDigest}"));
        Assert.Null(_node.Images.Find($"{_registry.Host}/team/app:v2"));
        Assert.Null(_node.Images.Find(""));
        Assert.Null(_node.Images.Find("no/such:image"));
    }

    [Fact]
    public async Task Find_PrefixOfTwoIds_FindsNone()
    {
        for (var i = 0; i < 17; i++)
        {
            await PullAsync($"crowd {i}", $"crowd{i}", "v1");
        }

        // 17 ids, 16 first digits: two begin alike.
        var shared = _node.Images.Images.GroupBy(image => image.Id["sha256:".Length]).First(group => group.Count() > 1).Key;

        Assert.Null(_node.Images.Find($"sha256:{shared}"));
    }

    [Fact]
    public async Task Open_AfterRestart_HasTheSameImages()
    {
        await PullAsync("restart", "app", "v1");
        var before = _node.Images.Images.Single();

        _node.Reopen();

        Assert.Empty(_node.Images.Problems);
        Assert.Equivalent(before, _node.Images.Images.Single());
        Assert.Equal("restart", File.ReadAllText(Path.Join(_node.Tree(_node.Images.Images.Single()), "hello")));
    }

    [Fact]
    public async Task Open_UnfinishedThings_AreSwept()
    {
        await PullAsync("sweep", "app", "v1");
        foreach (var part in new[] { "layers", "images", "containers", "blobs/sha256" })
        {
            Directory.CreateDirectory(Path.Join(_node.Root, part, ".tmp-123", "fs"));
            Directory.CreateDirectory(Path.Join(_node.Root, part, ".del-456"));
        }

        Directory.CreateDirectory(Path.Join(_node.Root, "layers", "orphan1", "fs"));
        File.WriteAllText(Path.Join(_node.Root, "blobs", "sha256", new string('a', 64)), "orphan");

        _node.Reopen();

        Assert.Single(_node.Names("layers"));
        Assert.Single(_node.Names("images"));
        Assert.Empty(_node.Names("containers"));
        Assert.Equal(2, _node.Names("blobs/sha256").Count);
        Assert.Single(_node.Images.Images);
    }

    [Fact]
    public async Task Open_DamagedRecordOrMissingLayer_IsNotShownAndReported()
    {
        var (damaged, _) = await PullAsync("damaged", "one", "v1");
        var (_, robbed) = await PullAsync("robbed", "two", "v1");
        var (intact, _) = await PullAsync("intact", "three", "v1");
        File.WriteAllText(Path.Join(_node.Root, "images", $"{damaged.ConfigDigest.Hex}.json"), "{");
        FileTree.Remove(Path.Join(_node.Root, "layers", robbed.Layers[0]));

        _node.Reopen();

        Assert.Equal(2, _node.Images.Problems.Count);
        Assert.Equal([intact.Id], _node.Images.Images.Select(image => image.Id));
        Assert.Equal([robbed.Id], _node.Images.DamagedImages.Select(image => image.Id));
        Assert.Single(_node.Names("layers"));
        Assert.Equal(2, _node.Names("images").Count);
    }

    [Fact]
    public async Task RemoveAsync_SharedLayer_StaysForTheOtherImage()
    {
        var shared = new LayerTar().File("shared", "1").ToArray();
        var first = new TestImage().Layer(shared).Layer(new LayerTar().File("a", "1")).Finish();
        var second = new TestImage().Layer(shared).Layer(new LayerTar().File("b", "1")).Finish();
        _registry.Add(first, "shared", "one").Add(second, "shared", "two");
        await _node.PullAsync($"{_registry.Host}/shared:one");
        await _node.PullAsync($"{_registry.Host}/shared:two");

        Assert.True(await _node.Images.RemoveAsync(first.Id, CancellationToken.None));
        Assert.Equal(2, _node.Names("layers").Count);

        Assert.True(await _node.Images.RemoveAsync(second.Id, CancellationToken.None));
        Assert.False(await _node.Images.RemoveAsync(second.Id, CancellationToken.None));
        _node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_SameLayerTwiceInOneImage_IsStackedOnce()
    {
        var twice = new LayerTar().File("x", "1").ToArray();
        var image = new TestImage().Layer(twice).Layer(new LayerTar().File("y", "1")).Layer(twice).Finish();
        _registry.Add(image, "twice", "v1");

        var record = await _node.PullAsync($"{_registry.Host}/twice:v1");

        Assert.Equal(3, record.DiffIds.Count);
        Assert.Equal(2, record.Layers.Count);
        Assert.Equal("1", File.ReadAllText(Path.Join(_node.Tree(record, 1), "x")));
    }

    [Fact]
    public async Task PullAsync_SecondTagOfSameImage_HasBothWithoutTransfer()
    {
        var (image, _) = await PullAsync("tags", "app", "v1");
        _registry.Add(image, "app", "v2");

        await _node.PullAsync($"{_registry.Host}/app:v2");

        Assert.Equal([$"{_registry.Host}/app:v1", $"{_registry.Host}/app:v2"], _node.Images.Find(image.Id)!.RepoTags);
        Assert.Single(_node.Images.Find(image.Id)!.RepoDigests);
        Assert.Equal(1, _registry.Count(image.LayerDigests[0].Hex));
    }

    private async Task<(TestImage Image, ImageRecord Record)> PullAsync(string content, string repository, string tag)
    {
        var image = TestImage.Small(content);
        _registry.Add(image, repository, tag);
        return (image, await _node.PullAsync($"{_registry.Host}/{repository}:{tag}"));
    }
}
