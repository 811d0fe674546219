using Cri.Api.V1;
using Cri.ImageService.Integrity;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Integrity;

/// <summary>What a start finds damaged, and how pulls repair it.</summary>
public sealed class DamagedLayerTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry = new();

    // Two images that share their lower layer.
    private readonly byte[] _shared = new LayerTar().Directory("etc/").File("etc/shared", "shared content").ToArray();
    private readonly TestImage _first;
    private readonly TestImage _second;

    public DamagedLayerTests()
    {
        _first = new TestImage().Layer(_shared).Layer(new LayerTar().File("one", "1")).Finish();
        _second = new TestImage().Layer(_shared).Layer(new LayerTar().File("two", "2")).Finish();
        _registry.Add(_first, "app", "one").Add(_second, "app", "two");
    }

    public void Dispose()
    {
        _registry.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task Open_FileOfNoBytes_PullFetchesThatLayerOnly()
    {
        var record = await PullAsync("one");
        Truncate(record);

        _node.Reopen();

        Assert.Empty(_node.Images.Images);
        Assert.Equal([record.Id], _node.Images.DamagedImages.Select(image => image.Id));
        Assert.Contains(_node.Told, text => text.Contains("is damaged") && text.Contains("etc/shared"));
        Assert.Contains(_node.Images.Problems, text => text.Contains($"{_registry.Host}/app:one"));
        var listed = await _node.Server.ListImages(new ListImagesRequest(), new TestCallContext());
        Assert.Empty(listed.Images);

        var repaired = await PullAsync("one");

        Assert.Equal("shared content", File.ReadAllText(Path.Join(_node.Tree(repaired), "etc/shared")));
        Assert.Equal(2, _registry.Count(_first.LayerDigests[0].Hex));
        Assert.Equal(1, _registry.Count(_first.LayerDigests[1].Hex));
        Assert.Empty(_node.Images.DamagedImages);
        Assert.Equal(2, _node.Names("layers").Count);
    }

    [Fact]
    public async Task Open_SharedLayerDamaged_OnePullRepairsAllImages()
    {
        var record = await PullAsync("one");
        await PullAsync("two");
        Truncate(record);
        _node.Reopen();
        Assert.Equal(2, _node.Images.DamagedImages.Count);

        await PullAsync("two");

        Assert.Empty(_node.Images.DamagedImages);
        Assert.All(_node.Images.Images, image => Assert.Equal("shared content", File.ReadAllText(Path.Join(_node.Tree(image), "etc/shared"))));
        Assert.Equal("1000:1000", _node.Images.Find(_first.Id)!.Config.User);
        _node.Reopen();
        Assert.Equal(2, _node.Images.Images.Count);
        Assert.Equal(3, _node.Names("layers").Count);
    }

    [Fact]
    public async Task PullAsync_ContainerIsOverTheDamagedLayer_KeepsItUntilItEnds()
    {
        var record = await PullAsync("one");
        await _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None);
        Truncate(record);
        _node.Reopen();

        var repaired = await PullAsync("one");

        Assert.NotEqual(record.Layers[0], repaired.Layers[0]);
        Assert.Equal(record.Layers[1], repaired.Layers[1]);
        Assert.True(Directory.Exists(_node.Tree(record)));
        _node.Reopen();
        Assert.Equal(repaired.Layers, Assert.Single(_node.Images.Images).Layers);
        Assert.True(Directory.Exists(_node.Tree(record)));

        await _node.Snapshotter.RemoveAsync("c1");

        Assert.Equal(repaired.Layers.Order(), _node.Names("layers").Order());
    }

    [Fact]
    public async Task PrepareAsync_ImageTurnedOutDamagedSince_IsNotFound()
    {
        var record = await PullAsync("one");
        await _node.Images.RetireAsync(_node.Layers.Find(record.DiffIds[0])!, "a test says so", CancellationToken.None);

        var error = await Assert.ThrowsAsync<ImageException>(() => _node.Snapshotter.PrepareAsync("c1", record, CancellationToken.None));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task Open_OtherContentOfTheSameLength_IsSeenAfterAPowerCutOnly()
    {
        var record = await PullAsync("one");
        File.WriteAllText(Path.Join(_node.Tree(record), "etc/shared"), "damaged string");
        _node.Reopen();
        Assert.Single(_node.Images.Images);

        CloseAsInAPowerCut();

        Assert.Empty(_node.Images.Images);
        Assert.Contains(_node.Told, text => text.Contains("content of \"etc/shared\" has changed"));
    }

    [Fact]
    public async Task Scan_FileThatIsNotInTheSample_IsSeenAfterAPowerCut()
    {
        var tar = new LayerTar();
        for (var i = 0; i < 200; i++)
        {
            tar.File($"f{i}", $"{i}").File($"f{i}", $"again {i}");
        }

        _registry.Add(new TestImage().Layer(tar).Finish(), "app", "many");
        var record = await PullAsync("many");
        CloseAsInAPowerCut();
        using (var sound = PowerCutScan.Start(_node.Images, _node.Layers))
        {
            await sound.Completion;
        }

        Assert.Single(_node.Images.Images);
        var sample = File.ReadAllText(Path.Join(_node.Layers.LayerPath(record.Layers[0]), LayerSample.FileName));
        var outside = Enumerable.Range(0, 200).First(i => !sample.Contains($"\"f{i}\""));
        File.WriteAllText(Path.Join(_node.Tree(record), $"f{outside}"), "");

        CloseAsInAPowerCut();
        Assert.Single(_node.Images.Images);
        using var scan = PowerCutScan.Start(_node.Images, _node.Layers);
        await scan.Completion;

        Assert.Empty(_node.Images.Images);
    }

    [Fact]
    public async Task Open_TreeIsMissing_ImageIsHidden()
    {
        var record = await PullAsync("one");
        Directory.Delete(_node.Tree(record), recursive: true);

        _node.Reopen();

        Assert.Empty(_node.Images.Images);
        await PullAsync("one");
        Assert.Equal(1, _registry.Count(_first.LayerDigests[1].Hex));
    }

    [Fact]
    public async Task Open_DocumentIsEmpty_PullRepairsWithoutLayers()
    {
        await PullAsync("one");
        File.WriteAllText(Path.Join(_node.Root, "blobs", "sha256", _first.ManifestDigest.Hex), "");

        _node.Reopen();

        Assert.Empty(_node.Images.Images);
        await PullAsync("one");
        _node.Reopen();
        Assert.Single(_node.Images.Images);
        Assert.Equal(1, _registry.Count(_first.LayerDigests[0].Hex));
    }

    [Fact]
    public async Task RemoveImage_DamagedImage_LeavesNothing()
    {
        var record = await PullAsync("one");
        Truncate(record);
        _node.Reopen();

        await _node.Server.RemoveImage(
            new RemoveImageRequest { Image = new ImageSpec { Image = $"{_registry.Host}/app:one" } }, new TestCallContext());

        _node.AssertEmpty();
        Assert.Empty(_node.Images.DamagedImages);
    }

    [Fact]
    public async Task PullAsync_TagOfADamagedImageMoved_StaysWithTheNewImage()
    {
        Truncate(await PullAsync("one"));
        _node.Reopen();
        _registry.Add(_second, "app", "one");

        await PullAsync("one");

        // The pull brought the shared layer, so the first image is whole again too, but without its tag.
        Assert.Equal(_second.Id, _node.Images.Find($"{_registry.Host}/app:one")!.Id);
        Assert.Empty(_node.Images.Find(_first.Id)!.RepoTags);
    }

    private Task<ImageRecord> PullAsync(string tag) => _node.PullAsync($"{_registry.Host}/app:{tag}");

    private void Truncate(ImageRecord image) => File.WriteAllText(Path.Join(_node.Tree(image), "etc/shared"), "");

    private void CloseAsInAPowerCut() =>
        _node.Reopen(() => File.WriteAllText(Path.Join(_node.Root, "run.json"), """{"bootId":"another","ended":false}"""));
}
