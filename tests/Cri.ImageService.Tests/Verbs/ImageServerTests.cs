using System.Text.Json;
using Cri.Api.V1;
using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Verbs;

public sealed class ImageServerTests : IDisposable
{
    private static readonly TestCallContext _context = new();

    private readonly ImageNode _node = new();
    private readonly ScriptedRegistry _registry = new();

    public void Dispose()
    {
        _registry.Dispose();
        _node.Dispose();
    }

    [Fact]
    public async Task PullImage_Image_AnswersWithItsId()
    {
        var image = TestImage.Small("verb");
        _registry.Add(image, "app", "v1");

        var response = await _node.Server.PullImage(new PullImageRequest { Image = Spec($"{_registry.Host}/app:v1") }, _context);

        Assert.Equal(image.Id, response.ImageRef);
    }

    [Fact]
    public async Task PullImage_NoImage_IsInvalidArgument()
    {
        var error = await Assert.ThrowsAnyAsync<RpcException>(() => _node.Server.PullImage(new PullImageRequest(), _context));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Theory]
    [InlineData("""{"User":"1000:1000"}""", 1000L, "")]
    [InlineData("""{"User":"0"}""", 0L, "")]
    [InlineData("""{"User":"nginx:nginx"}""", null, "nginx")]
    [InlineData("""{"User":""}""", null, "")]
    [InlineData("null", null, "")]
    public async Task ImageStatus_User_IsUidOrName(string config, long? uid, string username)
    {
        var image = await PullAsync(new TestImage { ConfigJson = config }, "app");

        var status = await StatusAsync(image.Id);

        Assert.Equal(uid, status.Image.Uid?.Value);
        Assert.Equal(username, status.Image.Username);
        Assert.Equal(image.Id, status.Image.Id);
        Assert.True(status.Image.Size > 0);
        Assert.Empty(status.Info);
    }

    [Theory]
    [InlineData("no.such/image:v1")]
    [InlineData("sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("")]
    public async Task ImageStatus_Unknown_HasNoImage(string name) => Assert.Null((await StatusAsync(name)).Image);

    [Fact]
    public async Task ImageStatus_Verbose_HasChainIdAndSpec()
    {
        var image = await PullAsync(new TestImage().Layer(new LayerTar().File("a")).Layer(new LayerTar().File("b")), "app");

        var status = await _node.Server.ImageStatus(new ImageStatusRequest { Image = Spec(image.Id), Verbose = true }, _context);

        using var info = JsonDocument.Parse(status.Info["info"]);
        Assert.Equal(ChainId.Of(_node.Images.Find(image.Id)!.DiffIds)!.ToString(), info.RootElement.GetProperty("chainID").GetString());
        Assert.Equal("A=b", info.RootElement.GetProperty("imageSpec").GetProperty("config").GetProperty("Env")[0].GetString());
    }

    [Fact]
    public async Task ListImages_Filter_SelectsByIdNameOrRepository()
    {
        var one = await PullAsync(TestImage.Small("one"), "app", "v1");
        var two = await PullAsync(TestImage.Small("two"), "app", "v2");
        await PullAsync(TestImage.Small("three"), "application", "v1");

        Assert.Equal(3, (await ListAsync("")).Count);
        Assert.Equal([one.Id], await ListAsync(one.Id));
        Assert.Equal([two.Id], await ListAsync($"{_registry.Host}/app:v2"));
        Assert.Equal(new[] { one.Id, two.Id }.Order(), await ListAsync($"{_registry.Host}/app"));
        Assert.Empty(await ListAsync($"{_registry.Host}/other"));
    }

    [Fact]
    public async Task RemoveImage_ByOneName_RemovesAllAndIsIdempotent()
    {
        var image = await PullAsync(TestImage.Small("removed"), "app", "v1");
        await PullAsync(image, "app", "v2");
        var request = new RemoveImageRequest { Image = Spec($"{_registry.Host}/app:v1") };

        await _node.Server.RemoveImage(request, _context);
        await _node.Server.RemoveImage(request, _context);

        _node.AssertEmpty();
    }

    [Fact]
    public async Task ImageFsInfo_AfterPull_CountsLayersAndContainers()
    {
        await PullAsync(new TestImage().Layer(new LayerTar().File("big", new byte[1 << 20])), "app");
        await _node.Snapshotter.PrepareAsync("c1", _node.Images.Images.Single(), CancellationToken.None);

        var info = await _node.Server.ImageFsInfo(new ImageFsInfoRequest(), _context);

        Assert.Equal(_node.Root, info.ImageFilesystems.Single().FsId.Mountpoint);
        Assert.Equal(_node.Root, info.ContainerFilesystems.Single().FsId.Mountpoint);
        Assert.InRange(info.ImageFilesystems.Single().UsedBytes.Value, 1u << 20, (1u << 20) + 65536);
        Assert.InRange(info.ImageFilesystems.Single().InodesUsed.Value, 2u, 20u);
        Assert.Equal(1u, info.ContainerFilesystems.Single().InodesUsed.Value);
    }

    private static ImageSpec Spec(string image) => new() { Image = image };

    private async Task<TestImage> PullAsync(TestImage image, string repository, string tag = "v1")
    {
        if (image.ManifestDigest is null)
        {
            image.Finish();
        }

        _registry.Add(image, repository, tag);
        await _node.PullAsync($"{_registry.Host}/{repository}:{tag}");
        return image;
    }

    private Task<ImageStatusResponse> StatusAsync(string name) =>
        _node.Server.ImageStatus(new ImageStatusRequest { Image = Spec(name) }, _context);

    private async Task<IReadOnlyList<string>> ListAsync(string filter)
    {
        var response = await _node.Server.ListImages(new ListImagesRequest { Filter = new ImageFilter { Image = Spec(filter) } }, _context);
        return [.. response.Images.Select(image => image.Id)];
    }
}
