using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Transfer;

public sealed class KeptBlobTests : IDisposable
{
    private readonly ImageNode _node = new(options => options with { KeepBlobs = true });
    private readonly TestImage _image = new TestImage().Layer(new LayerTar().File("hello", "a")).Layer(new LayerTar().File("b", "b"), "zstd").Finish();

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task Pull_KeepBlobs_KeepsThemUntilTheLastImageGoes()
    {
        using var registry = new ScriptedRegistry().Add(_image, "app", "1");
        var record = await _node.PullAsync($"{registry.Host}/app:1");
        AssertKept();
        var other = new TestImage().Layer(new LayerTar().File("hello", "a")).Layer(new LayerTar().File("c", "c")).Finish();
        await _node.ImportAsync(TestArchive.Oci(other, "example.com/other:1").Tar());

        await _node.Images.RemoveAsync(record.Id, CancellationToken.None);

        Assert.True(File.Exists(Blob(_image.LayerDigests[0])));
        Assert.False(File.Exists(Blob(_image.LayerDigests[1])));
        await _node.Images.RemoveAsync(other.Id, CancellationToken.None);
        _node.AssertEmpty();
    }

    [Fact]
    public async Task Open_AfterRestart_KeptBlobsStayAndOthersGo()
    {
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        var orphan = Digest.OfSha256([1, 2, 3]);
        File.WriteAllBytes(Blob(orphan), [1, 2, 3]);

        _node.Reopen();

        AssertKept();
        Assert.False(File.Exists(Blob(orphan)));
    }

    [Fact]
    public async Task Open_KeptBlobMissing_ImageIsWholeAllTheSame()
    {
        await _node.ImportAsync(TestArchive.Oci(_image, "example.com/app:1").Tar());
        File.Delete(Blob(_image.LayerDigests[0]));

        _node.Reopen();

        Assert.NotNull(_node.Images.Find("example.com/app:1"));
    }

    [Fact]
    public async Task DocumentUsage_KeptBlobs_Count()
    {
        var big = new TestImage().Layer(new LayerTar().File("big", new byte[300_000]), "none").Finish();

        await _node.ImportAsync(TestArchive.Oci(big, "example.com/big:1").Tar());

        Assert.True(_node.Images.DocumentUsage.Bytes >= 300_000);
    }

    [Fact]
    public async Task Import_LayerFailsAfterOthersCame_LeavesNoBlob()
    {
        var broken = new TestImage().Layer(new LayerTar().File("a", "1")).Layer(new LayerTar().File("b", "2").ToArray(), "gzip", Digest.OfSha256([7])).Finish();

        await Assert.ThrowsAsync<ImageException>(() => _node.ImportAsync(TestArchive.Oci(broken, "example.com/app:1").Tar()));

        _node.AssertEmpty();
    }

    [Fact]
    public async Task Pull_LayerDamaged_IsRepairedFromTheKeptBlob()
    {
        using var registry = new ScriptedRegistry().Add(_image, "app", "1");
        var record = await _node.PullAsync($"{registry.Host}/app:1");
        var fetched = registry.Count(_image.LayerDigests[0].ToString());
        FileTree.Remove(Path.Join(_node.Root, "layers", record.Layers[0]));
        _node.Reopen();

        var repaired = await _node.PullAsync($"{registry.Host}/app:1");

        Assert.Equal("a", File.ReadAllText(Path.Join(_node.Tree(repaired), "hello")));
        Assert.Equal(fetched, registry.Count(_image.LayerDigests[0].ToString()));
    }

    [Fact]
    public async Task Pull_LayerAndKeptBlobDamaged_FetchesAnew()
    {
        using var registry = new ScriptedRegistry().Add(_image, "app", "1");
        var record = await _node.PullAsync($"{registry.Host}/app:1");
        FileTree.Remove(Path.Join(_node.Root, "layers", record.Layers[0]));
        File.WriteAllText(Blob(_image.LayerDigests[0]), "damage");
        _node.Reopen();

        var repaired = await _node.PullAsync($"{registry.Host}/app:1");

        Assert.Equal("a", File.ReadAllText(Path.Join(_node.Tree(repaired), "hello")));
        AssertKept();
    }

    private string Blob(Digest digest) => Path.Join(_node.Root, "blobs", digest.Algorithm, digest.Hex);

    private void AssertKept() => Assert.All(_image.LayerDigests, digest => Assert.Equal(_image.Blobs[digest], File.ReadAllBytes(Blob(digest))));
}
