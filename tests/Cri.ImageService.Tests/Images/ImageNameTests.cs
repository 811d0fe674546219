using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Images;

public sealed class ImageNameTests : IDisposable
{
    private readonly ImageNode _node = new();
    private readonly TestImage _image = TestImage.Small("a");

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task Tag_NewName_FindsTheImageAfterRestartToo()
    {
        await ImportAsync(_image, "example.com/app:1");

        await TagAsync("example.com/app:1", "other:2");
        _node.Reopen();

        Assert.Equal(_image.Id, _node.Images.Find("docker.io/library/other:2")!.Id);
    }

    [Fact]
    public async Task Tag_NameOfAnotherImage_Moves()
    {
        var other = TestImage.Small("b");
        await ImportAsync(_image, "example.com/app:1");
        await ImportAsync(other, "example.com/app:2");

        await TagAsync(_image.Id, "example.com/app:2");

        Assert.Equal(_image.Id, _node.Images.Find("example.com/app:2")!.Id);
        Assert.Empty(_node.Images.Find(other.Id)!.RepoTags);
    }

    [Fact]
    public async Task Untag_LastName_LeavesTheImage()
    {
        await ImportAsync(_image, "example.com/app:1");

        await _node.Images.UntagAsync(ImageReference.Parse("example.com/app:1"), CancellationToken.None);
        await _node.Images.UntagAsync(ImageReference.Parse($"example.com/app@{_image.ManifestDigest}"), CancellationToken.None);
        _node.Reopen();

        Assert.Null(_node.Images.Find("example.com/app:1"));
        Assert.NotNull(_node.Images.Find(_image.Id));
    }

    [Fact]
    public async Task TagAndUntag_NothingThere_IsNotFound()
    {
        var tag = await Assert.ThrowsAsync<ImageException>(() => TagAsync("nothing", "app:1"));
        var untag = await Assert.ThrowsAsync<ImageException>(() => _node.Images.UntagAsync(ImageReference.Parse("nothing"), CancellationToken.None));

        Assert.Equal(StatusCode.NotFound, tag.StatusCode);
        Assert.Equal(StatusCode.NotFound, untag.StatusCode);
    }

    private Task<IReadOnlyList<Cri.ImageService.Transfer.Import.ImportedImage>> ImportAsync(TestImage image, string name) =>
        _node.ImportAsync(TestArchive.Oci(image, name).Tar());

    private Task<ImageRecord> TagAsync(string image, string name) => _node.Images.TagAsync(image, ImageReference.Parse(name), CancellationToken.None);
}
