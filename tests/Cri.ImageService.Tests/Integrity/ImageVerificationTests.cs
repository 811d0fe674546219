using Cri.ImageService.Integrity;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Integrity;

public sealed class ImageVerificationTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry = new();
    private readonly TestImage _image = new TestImage()
        .Layer(new LayerTar().Directory("bin/").File("bin/tool", "the right content"))
        .Layer(new LayerTar().File("other", "1"))
        .Finish();

    public ImageVerificationTests() => _registry.Add(_image, "app", "v1");

    public void Dispose()
    {
        _registry.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task RunAsync_SoundImages_CountsEverything()
    {
        await PullAsync();

        var events = await VerifyAsync();

        var summary = Assert.IsType<VerificationSummary>(events[^1]);
        Assert.Equal((1, 2, 0), (summary.Images, summary.Layers, summary.Damaged));
        Assert.True(summary.Bytes > 0);
        Assert.Equal(4, events.OfType<VerificationProgress>().Count());
        Assert.All(events.OfType<VerificationProgress>(), progress => Assert.Equal(summary.Bytes, progress.BytesTotal));
    }

    [Fact]
    public async Task RunAsync_ChangedFile_IsToldAndPulledAgain()
    {
        var record = await PullAsync();
        File.WriteAllText(Path.Join(_node.Tree(record), "bin/tool"), "the wrong content");

        var events = await VerifyAsync(_image.Id);

        var damage = Assert.Single(events.OfType<ContentDamage>());
        Assert.Equal([_image.Id], damage.ImageIds);
        Assert.Equal(record.DiffIds[0].ToString(), damage.Digest);
        Assert.Contains("bin/tool", damage.Paths);
        Assert.True(damage.IsMarked);
        Assert.Equal(1, ((VerificationSummary)events[^1]).Damaged);
        Assert.Empty(_node.Images.Images);

        await PullAsync();

        Assert.Empty((await VerifyAsync()).OfType<ContentDamage>());
        Assert.Equal(2, _registry.Count(_image.LayerDigests[0].Hex));
        Assert.Equal(1, _registry.Count(_image.LayerDigests[1].Hex));
    }

    [Fact]
    public async Task RunAsync_ImageDamagedBefore_IsToldAgain()
    {
        var record = await PullAsync();
        File.WriteAllText(Path.Join(_node.Tree(record), "bin/tool"), "");
        await VerifyAsync();
        _node.Reopen();

        var damage = Assert.Single((await VerifyAsync($"{_registry.Host}/app:v1")).OfType<ContentDamage>());

        Assert.Equal(record.DiffIds[0].ToString(), damage.Digest);
    }

    [Fact]
    public async Task RunAsync_ChangedDocument_IsToldAndPulledAgain()
    {
        await PullAsync();
        var path = Path.Join(_node.Root, "blobs", "sha256", _image.ManifestDigest.Hex);
        File.WriteAllText(path, File.ReadAllText(path).Replace('2', '3'));

        var damage = Assert.Single((await VerifyAsync()).OfType<ContentDamage>());

        Assert.Equal(_image.ManifestDigest.ToString(), damage.Digest);
        Assert.Empty(_node.Images.Images);
        await PullAsync();
        Assert.Empty((await VerifyAsync()).OfType<ContentDamage>());
    }

    [Fact]
    public async Task RunAsync_LayerOfAnOlderVersion_IsToldButStays()
    {
        var record = await PullAsync();
        File.Delete(Path.Join(_node.Layers.LayerPath(record.Layers[0]), "recipe"));

        var damage = Assert.Single((await VerifyAsync()).OfType<ContentDamage>());

        Assert.False(damage.IsMarked);
        Assert.Single(_node.Images.Images);
    }

    [Fact]
    public async Task RunAsync_NoSuchImage_IsNotFound()
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => VerifyAsync("no/such:image"));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    private Task<ImageRecord> PullAsync() => _node.PullAsync($"{_registry.Host}/app:v1");

    private async Task<List<VerificationEvent>> VerifyAsync(params string[] names)
    {
        List<VerificationEvent> events = [];
        await foreach (var item in new ImageVerification(_node.Images, _node.Layers).RunAsync(names, CancellationToken.None))
        {
            events.Add(item);
        }

        return events;
    }
}
