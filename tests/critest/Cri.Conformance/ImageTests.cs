using Cri.Api.V1;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class ImageTests : ConformanceTest
{
    [Fact]
    public async Task PullImage_ByTag_AnswersWithTheIdThatStatusShows()
    {
        var reference = await Cri.Registry.PushAsync(Image("pull-by-tag:v1"));

        var pulled = await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });

        var image = await StatusAsync(reference);
        Assert.NotNull(image);
        Assert.NotNull(await StatusAsync(pulled.ImageRef));
        Assert.Equal(image.Id, (await StatusAsync(pulled.ImageRef))!.Id);
    }

    [Fact]
    public async Task PullImage_ByDigest_HasTheRepoDigestAndNoTag()
    {
        await Cri.Registry.PushAsync(Image("pull-by-digest:v1"));
        var reference = $"{Cri.Registry.Host}/pull-by-digest@{await Cri.Registry.DigestAsync("pull-by-digest:v1")}";

        await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });

        var image = await StatusAsync(reference);
        Assert.NotNull(image);
        Assert.Equal([reference], image.RepoDigests);
        Assert.Empty(image.RepoTags);
    }

    [Fact]
    public async Task PullImage_Twice_AnswersTheSame()
    {
        var reference = await Cri.Registry.PushAsync(Image("pull-twice:v1"));

        var first = await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });
        var second = await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });

        Assert.Equal(first.ImageRef, second.ImageRef);
    }

    [Fact]
    public async Task PullImage_WhenTheTagMoved_GivesTheNewImageTheTag()
    {
        var reference = await Cri.PullAsync(Image("moving:v1"));
        var before = await StatusAsync(reference);

        await Cri.PullAsync(Image("moving:v1") with { Env = ["MOVED=yes"] });

        var after = await StatusAsync(reference);
        Assert.NotEqual(before!.Id, after!.Id);
        Assert.DoesNotContain(reference, (await StatusAsync(before.Id))?.RepoTags ?? []);
    }

    [Fact]
    public async Task PullImage_ManyAtOnce_AllSucceed()
    {
        var reference = await Cri.Registry.PushAsync(Image("pull-many:v1"));

        var pulls = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(_ => Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) }).ResponseAsync));

        Assert.Single(pulls.Select(pull => pull.ImageRef).Distinct());
    }

    [Fact]
    public async Task ImageStatus_ByEveryForm_IsTheSameImage()
    {
        var reference = await Cri.PullAsync(Image("status-forms:v1"));
        var image = await StatusAsync(reference);

        string[] forms = [image!.Id, image.Id["sha256:".Length..], .. image.RepoTags, .. image.RepoDigests];

        foreach (var form in forms)
        {
            Assert.Equal(image.Id, (await StatusAsync(form))?.Id);
        }
    }

    [Fact]
    public async Task ImageStatus_OfAnImage_HasSizeTagsAndDigests()
    {
        var reference = await Cri.PullAsync(Image("status-fields:v1"));
        var digest = await Cri.Registry.DigestAsync("status-fields:v1");

        var image = await StatusAsync(reference);

        Assert.Matches("^sha256:[0-9a-f]{64}$", image!.Id);
        Assert.Equal([reference], image.RepoTags);
        Assert.Equal([$"{Cri.Registry.Host}/status-fields@{digest}"], image.RepoDigests);
        Assert.InRange(image.Size, 1u, 1u << 30);
        Assert.False(image.Pinned);
    }

    [Theory]
    [InlineData("1002", 1002L, "")]
    [InlineData("1002:33", 1002L, "")]
    [InlineData("web", null, "web")]
    [InlineData("web:web", null, "web")]
    public async Task ImageStatus_OfAnImageWithAUser_HasUidOrName(string user, long? uid, string name)
    {
        var tag = user.Replace(':', '-');
        var reference = await Cri.PullAsync(Image($"user:{tag}") with { User = user });

        var image = await StatusAsync(reference);

        Assert.Equal(uid, image!.Uid?.Value);
        Assert.Equal(name, image.Username);
    }

    [Fact]
    public async Task ImageStatus_OfAnUnknownImage_IsEmptyAndNoError() =>
        Assert.Null(await StatusAsync($"{Cri.Registry.Host}/never-pulled:v1"));

    [Fact]
    public async Task ImageStatus_WithVerbose_HasInfo()
    {
        var response = await Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = Spec(Cri.Busybox), Verbose = true });

        Assert.NotEmpty(response.Info);
    }

    [Fact]
    public async Task ListImages_WithoutAFilter_HasEveryPulledImage()
    {
        var first = await Cri.PullAsync(Image("list-one:v1"));
        var second = await Cri.PullAsync(Image("list-two:v1"));

        var tags = (await Cri.Images.ListImagesAsync(new ListImagesRequest())).Images.SelectMany(image => image.RepoTags).ToList();

        Assert.Contains(first, tags);
        Assert.Contains(second, tags);
    }

    [Fact]
    public async Task ListImages_FilteredByReference_HasOnlyThatImage()
    {
        var reference = await Cri.PullAsync(Image("list-filter:v1"));

        var list = await Cri.Images.ListImagesAsync(new ListImagesRequest { Filter = new ImageFilter { Image = Spec(reference) } });

        Assert.Equal([reference], Assert.Single(list.Images).RepoTags);
    }

    [Fact]
    public async Task ListImages_OfAnImageWithTwoTags_ListsItOnce()
    {
        var first = await Cri.PullAsync(Image("two-tags:a"));
        var second = await Cri.PullAsync(Image("two-tags:a") with { Name = "two-tags:b" });

        var image = await StatusAsync(first);

        Assert.Equal([first, second], image!.RepoTags.Order());
        Assert.Single((await Cri.Images.ListImagesAsync(new ListImagesRequest())).Images, other => other.Id == image.Id);
    }

    [Fact]
    public async Task RemoveImage_ByReference_RemovesIt()
    {
        var reference = await Cri.PullAsync(Image("remove-me:v1"));

        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) });

        Assert.Null(await StatusAsync(reference));
    }

    [Fact]
    public async Task RemoveImage_ById_RemovesEveryTag()
    {
        var first = await Cri.PullAsync(Image("remove-tags:a"));
        var second = await Cri.PullAsync(Image("remove-tags:a") with { Name = "remove-tags:b" });
        var image = await StatusAsync(first);

        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(image!.Id) });

        Assert.Null(await StatusAsync(first));
        Assert.Null(await StatusAsync(second));
    }

    [Fact]
    public async Task RemoveImage_Unknown_IsNoError() =>
        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec($"{Cri.Registry.Host}/never-there:v1") });

    [Fact]
    public async Task RemoveImage_OfARunningContainer_LeavesTheContainerRunning()
    {
        var reference = await Cri.PullAsync(Image("in-use:v1"));
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Image.Image = reference);

        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) });

        Assert.Equal("conformance in-use:v1", await container.ShellAsync("cat /image"));
    }

    [Fact]
    public async Task PullImage_AfterRemoval_BringsItBack()
    {
        var reference = await Cri.PullAsync(Image("again:v1"));
        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) });

        await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });

        Assert.NotNull(await StatusAsync(reference));
    }

    [Fact]
    public async Task ImageFsInfo_Always_NamesTheFileSystemAndItsUse()
    {
        var info = await Cri.Images.ImageFsInfoAsync(new ImageFsInfoRequest());

        var images = Assert.Single(info.ImageFilesystems);
        Assert.True(Directory.Exists(images.FsId.Mountpoint), images.FsId.Mountpoint);
        Assert.True(images.Timestamp > 0);
        Assert.True(images.UsedBytes.Value > 0);
        Assert.True(images.InodesUsed.Value > 0);
    }

    [Theory]
    [InlineData("name/UPPER:v1")]
    [InlineData("name:with space")]
    [InlineData("name@sha256:short")]
    [InlineData(":tag-only")]
    public async Task PullImage_WithAMalformedReference_IsInvalidArgument(string reference)
    {
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) }));

        Assert.Contains(reference, error.Status.Detail, StringComparison.Ordinal);
        Assert.True(error.StatusCode == StatusCode.InvalidArgument || Cri.Crispd is null, $"{error.StatusCode}: {error.Status.Detail}");
    }

    [CrispdFact]
    public async Task PullImage_WithoutAReference_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "", async () => await Cri.Images.PullImageAsync(new PullImageRequest()));

    [Theory]
    [InlineData("never-pushed:v1")]
    [InlineData("busybox:no-such-tag")]
    public async Task PullImage_OfWhatTheRegistryHasNot_IsNotFound(string name) =>
        await FailsAsync(StatusCode.NotFound, name, async () =>
            await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec($"{Cri.Registry.Host}/{name}") }));

    [CrispdFact]
    public async Task PullImage_FromARegistryThatIsNotThere_IsUnavailable() =>
        await FailsAsync(StatusCode.Unavailable, "localhost:1", async () =>
            await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec("localhost:1/name:v1") }));

    // Each test has an image of its own, so that no removal meets another test's.
    private static TestImage Image(string name) => new() { Name = name, Files = [TestFile.Text("image", $"conformance {name}\n")] };

    private static ImageSpec Spec(string reference) => new() { Image = reference };

    private async Task<Image?> StatusAsync(string reference) =>
        (await Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = Spec(reference) })).Image;
}
