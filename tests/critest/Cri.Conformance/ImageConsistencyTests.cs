using System.Net;
using System.Net.Sockets;
using Cri.Api.V1;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>What a kubelet relies on between calls: one image has one name everywhere, and a call's effect shows at once.</summary>
public sealed class ImageConsistencyTests : ConformanceTest
{
    private const int Many = 8;

    [Fact]
    public async Task PullImage_TheSameContentUnderTwoRepositories_IsOneImage()
    {
        var first = await Cri.PullAsync(Image("one-of-two/a:v1", "same"));
        var second = await Cri.PullAsync(Image("two-of-two/b:v1", "same"));

        var image = await StatusAsync(first);

        Assert.Equal(image!.Id, (await StatusAsync(second))!.Id);
        Assert.Equal([first, second], image.RepoTags.Order());
        Assert.Equal(2, image.RepoDigests.Count);
    }

    [Fact]
    public async Task RemoveImage_ById_RemovesItUnderEveryRepository()
    {
        var first = await Cri.PullAsync(Image("by-id/a:v1", "by-id"));
        var second = await Cri.PullAsync(Image("by-id/b:v1", "by-id"));

        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec((await StatusAsync(first))!.Id) });

        Assert.Null(await StatusAsync(first));
        Assert.Null(await StatusAsync(second));
    }

    [Fact]
    public async Task PullAndRemove_Always_ShowAtOnceInEveryCall()
    {
        var reference = await Cri.Registry.PushAsync(Image("at-once:v1"));
        for (var i = 0; i < 5; i++)
        {
            var pulled = await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });
            Assert.NotNull(await StatusAsync(reference));
            Assert.NotNull(await StatusAsync(pulled.ImageRef));
            Assert.Contains(await ListAsync(), image => image.RepoTags.Contains(reference));

            await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) });
            Assert.Null(await StatusAsync(reference));
            Assert.DoesNotContain(await ListAsync(), image => image.RepoTags.Contains(reference));
        }
    }

    [Fact]
    public async Task RemoveImage_ManyAtOnce_AllSucceed()
    {
        var reference = await Cri.PullAsync(Image("removed-by-many:v1"));

        await Task.WhenAll(Enumerable.Range(0, Many)
            .Select(_ => Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) }).ResponseAsync));

        Assert.Null(await StatusAsync(reference));
    }

    [Fact]
    public async Task RemoveImage_DifferentOnesAtOnce_RemovesEach()
    {
        var references = new List<string>();
        for (var i = 0; i < Many; i++)
        {
            references.Add(await Cri.PullAsync(Image($"one-of-many-{i}:v1")));
        }

        await Task.WhenAll(references.Select(reference => Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) }).ResponseAsync));

        Assert.DoesNotContain(await ListAsync(), image => image.RepoTags.Any(references.Contains));
    }

    [Fact]
    public async Task PullImage_DifferentImagesWithACommonLayerAtOnce_AllWork()
    {
        var references = new List<string>();
        for (var i = 0; i < Many; i++)
        {
            references.Add(await Cri.Registry.PushAsync(Image($"common-layer-{i}:v1", "common") with { Env = [$"NUMBER={i}"] }));
        }

        await Task.WhenAll(references.Select(reference => Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) }).ResponseAsync));

        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Image.Image = references[Many - 1]);
        Assert.Equal("common", await container.ShellAsync("cat /image"));
        Assert.Equal($"{Many - 1}", await container.ShellAsync("echo $NUMBER"));
    }

    [Fact]
    public async Task PullAndRemove_OfOneImageAtOnce_LeaveNothingBroken()
    {
        var reference = await Cri.Registry.PushAsync(Image("pulled-and-removed:v1"));
        for (var i = 0; i < 5; i++)
        {
            await Task.WhenAll(
                Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) }).ResponseAsync,
                Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) }).ResponseAsync,
                Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) }).ResponseAsync);
        }

        await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Image.Image = reference);
        Assert.Equal("pulled-and-removed:v1", await container.ShellAsync("cat /image"));
    }

    [Fact]
    public async Task PullImage_WhoseDeadlinePasses_EndsThenAndHoldsNothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var reference = $"localhost:{((IPEndPoint)silent.LocalEndpoint).Port}/silent:v1";

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) }, deadline: DateTime.UtcNow.AddSeconds(1)));

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.Null(await StatusAsync(reference));

        // The next pull is not stuck behind the first: it has a deadline of its own.
        error = await Assert.ThrowsAsync<RpcException>(async () =>
            await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) }, deadline: DateTime.UtcNow.AddSeconds(1)));
        Assert.True(error.StatusCode == StatusCode.DeadlineExceeded, error.Status.ToString());
    }

    [Theory]
    [InlineData("{0}/references:v1")]
    [InlineData("{0}/references@{1}")]
    [InlineData("{0}/references:v1@{1}")]
    [InlineData("{0}/references")]
    public async Task PullImage_ByEachKindOfReference_IsFoundByIt(string form)
    {
        await Cri.Registry.PushAsync(Image("references:v1", "references"));
        await Cri.Registry.PushAsync(Image("references:latest", "references"));
        var digest = await Cri.Registry.DigestAsync("references:v1");
        var reference = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, Cri.Registry.Host, digest);

        var pulled = await Cri.Images.PullImageAsync(new PullImageRequest { Image = Spec(reference) });

        var image = await StatusAsync(reference);
        Assert.NotNull(image);
        Assert.Contains($"{Cri.Registry.Host}/references@{digest}", image.RepoDigests);
        Assert.Equal(image.Id, (await StatusAsync(pulled.ImageRef))!.Id);
        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = Spec(reference) });
    }

    private static TestImage Image(string name, string? content = null) =>
        new() { Name = name, Files = [TestFile.Text("image", (content ?? name) + "\n")] };

    private static ImageSpec Spec(string reference) => new() { Image = reference };

    private async Task<Image?> StatusAsync(string reference) =>
        (await Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = Spec(reference) })).Image;

    private async Task<IReadOnlyList<Image>> ListAsync() => (await Cri.Images.ListImagesAsync(new ListImagesRequest())).Images;
}
