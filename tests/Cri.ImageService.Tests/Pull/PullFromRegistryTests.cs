using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Pulls from a real registry.</summary>
public sealed class PullFromRegistryTests : IClassFixture<PullFromRegistryTests.Registry>
{
    private readonly Registry _registry;

    public PullFromRegistryTests(Registry registry) => _registry = registry;

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("none")]
    public async Task PullAsync_ImageWithTag_LayersAreExtractedAndNamed(string compression)
    {
        using var node = new ImageNode();
        var image = new TestImage()
            .Layer(new LayerTar().Directory("etc/").File("etc/one", $"first {compression}"), compression)
            .Layer(new LayerTar().Directory("etc/").File("etc/two", "second"), compression)
            .Finish();
        _registry.Server.Push(image, $"team/{compression}:v1");

        var record = await node.PullAsync($"{_registry.Server.Host}/team/{compression}:v1");

        Assert.Equal(image.Id, record.Id);
        Assert.Equal([$"{_registry.Server.Host}/team/{compression}:v1"], record.RepoTags);
        Assert.Equal([$"{_registry.Server.Host}/team/{compression}@{image.ManifestDigest}"], record.RepoDigests);
        Assert.Equal($"first {compression}", File.ReadAllText(Path.Join(node.Tree(record, 0), "etc/one")));
        Assert.Equal("second", File.ReadAllText(Path.Join(node.Tree(record, 1), "etc/two")));
        Assert.Equal(image.Blobs.Values.Sum(blob => blob.Length), record.Size);
        Assert.Equal(["A=b"], record.Config.Env);
        Assert.All(record.Layers, name => Assert.InRange(name.Length, 7, 8));
    }

    [Fact]
    public async Task PullAsync_ByDigest_HasNoTag()
    {
        using var node = new ImageNode();
        var image = TestImage.Small("by digest");
        _registry.Server.Push(image, "digested:v1");

        var record = await node.PullAsync($"{_registry.Server.Host}/digested:ignored@{image.ManifestDigest}");

        Assert.Empty(record.RepoTags);
        Assert.Equal([$"{_registry.Server.Host}/digested@{image.ManifestDigest}"], record.RepoDigests);
    }

    [Fact]
    public async Task PullAsync_TagMoved_OldImageLosesTagAndKeepsDigest()
    {
        using var node = new ImageNode();
        var (first, second) = (TestImage.Small("moved 1"), TestImage.Small("moved 2"));
        _registry.Server.Push(first, "moving:v1");
        await node.PullAsync($"{_registry.Server.Host}/moving:v1");
        _registry.Server.Push(second, "moving:v1");

        await node.PullAsync($"{_registry.Server.Host}/moving:v1");

        Assert.Empty(node.Images.Find(first.Id)!.RepoTags);
        Assert.Single(node.Images.Find(first.Id)!.RepoDigests);
        Assert.Equal(second.Id, node.Images.Find($"{_registry.Server.Host}/moving:v1")!.Id);
        node.Reopen();
        Assert.Empty(node.Images.Find(first.Id)!.RepoTags);
        Assert.Equal(second.Id, node.Images.Find($"{_registry.Server.Host}/moving:v1")!.Id);
    }

    [Fact]
    public async Task PullAsync_SameLayerInTwoImages_IsFetchedAndStoredOnce()
    {
        using var node = new ImageNode();
        var shared = new LayerTar().File("shared", "in both").ToArray();
        var first = new TestImage().Layer(shared).Layer(new LayerTar().File("a", "1")).Finish();
        var second = new TestImage().Layer(shared).Layer(new LayerTar().File("b", "2")).Finish();
        _registry.Server.Push(first, "sharing:one");
        _registry.Server.Push(second, "sharing:two");

        await node.PullAsync($"{_registry.Server.Host}/sharing:one");
        await node.PullAsync($"{_registry.Server.Host}/sharing:two");

        Assert.Equal(3, node.Names("layers").Count);
        Assert.Equal(1, _registry.Server.CountRequests("GET", first.LayerDigests[0].ToString()));
    }

    [Fact]
    public async Task PullAsync_AgainUnchanged_FetchesNoLayer()
    {
        using var node = new ImageNode();
        var image = TestImage.Small("again");
        _registry.Server.Push(image, "again:v1");
        await node.PullAsync($"{_registry.Server.Host}/again:v1");

        await node.PullAsync($"{_registry.Server.Host}/again:v1");

        Assert.Equal(1, _registry.Server.CountRequests("GET", image.LayerDigests[0].ToString()));
    }

    [Fact]
    public async Task PullAsync_UnknownTag_IsNotFoundAndLeavesNothing()
    {
        using var node = new ImageNode();

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{_registry.Server.Host}/nowhere:v1"));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Contains($"{_registry.Server.Host}/nowhere:v1", error.Message);
        node.AssertEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("team/UPPER")]
    [InlineData("name:bad tag")]
    [InlineData("name@sha256:123")]
    public async Task PullAsync_MalformedReference_IsInvalidArgument(string reference)
    {
        using var node = new ImageNode();

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync(reference));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task PullAsync_ManyAtOnce_TransferOnce()
    {
        using var node = new ImageNode();
        var image = TestImage.Small("single flight");
        _registry.Server.Push(image, "flight:v1");

        var records = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => node.PullAsync($"{_registry.Server.Host}/flight:v1")));

        Assert.All(records, record => Assert.Equal(image.Id, record.Id));
        Assert.Equal(1, _registry.Server.CountRequests("GET", image.LayerDigests[0].ToString()));
        Assert.Equal(1, _registry.Server.CountRequests("GET", $"manifests/{image.ManifestDigest}"));
    }

    [Fact]
    public async Task PullAsync_RegistryDown_IsUnavailable()
    {
        using var node = new ImageNode();

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync("127.0.0.1:1/none:v1"));

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains("127.0.0.1:1", error.Message);
    }

    public sealed class Registry : IDisposable
    {
        public DistributionRegistry Server { get; } = new();

        public void Dispose() => Server.Dispose();
    }
}
