using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class ImageVolumeTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task Container_WithAnImageVolume_ReadsTheImage()
    {
        var reference = await PullAsync("read");

        var output = await Pod.OutputAsync("cat /vol/data/model/weights; test -x /vol/bin/busybox && echo whole", Volume(reference));

        Assert.Equal("42\nwhole", output);
    }

    [Fact]
    public async Task Container_WithAnImageVolume_CannotWriteIt()
    {
        var reference = await PullAsync("write");

        var output = await Pod.OutputAsync(
            "for f in /vol/new /vol/data/new /vol/data/model/weights; do echo x 2>/dev/null >$f || echo refused; done; cat /vol/data/model/weights",
            Volume(reference));

        Assert.Equal(["refused", "refused", "refused", "42"], output.Split('\n').Where(line => !line.StartsWith("sh:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Container_WithASubPath_SeesItAlone()
    {
        var reference = await PullAsync("sub");

        Assert.Equal("weights\n42", await Pod.OutputAsync("ls /vol; cat /vol/weights", Volume(reference, "data/model")));
    }

    [Fact]
    public async Task Container_WithAFileAsSubPath_SeesTheFile()
    {
        var reference = await PullAsync("file");

        Assert.Equal("42", await Pod.OutputAsync("cat /vol", Volume(reference, "data/model/weights")));
    }

    [Fact]
    public async Task Container_WithALinkAsSubPath_StaysInsideTheImage()
    {
        var secret = new TemporaryDirectory("secret", "/var/tmp");
        using (secret)
        {
            secret.File("weights", "the host's");
            var reference = await PullAsync("links", [("inside", "/data/model"), ("outside", "../../../../.." + secret.Path), ("absolute", secret.Path)]);

            Assert.Equal("42", await Pod.OutputAsync("cat /vol/weights", Volume(reference, "inside")));
            await FailsAsync(StatusCode.NotFound, "outside", () => Pod.CreateAsync(["true"], Volume(reference, "outside")));
            await FailsAsync(StatusCode.NotFound, "absolute", () => Pod.CreateAsync(["true"], Volume(reference, "absolute")));
        }
    }

    [Fact]
    public async Task CreateContainer_SubPathThatIsNotThere_FailsWithTheWordThatTheKubeletKnows()
    {
        var reference = await PullAsync("absent");

        var error = await FailsAsync(StatusCode.NotFound, "no/such", () => Pod.CreateAsync(["true"], Volume(reference, "no/such")));

        Assert.StartsWith("ImageVolumeMountFailed", error.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/data")]
    [InlineData("../etc")]
    [InlineData("data/../../etc")]
    public async Task CreateContainer_SubPathThatIsNotRelative_IsRefused(string path)
    {
        var reference = await PullAsync("relative");

        await FailsAsync(StatusCode.InvalidArgument, "image_sub_path", () => Pod.CreateAsync(["true"], Volume(reference, path)));
    }

    [Fact]
    public async Task CreateContainer_ImageThatIsNotHere_IsNotFound() => await FailsAsync(
        StatusCode.NotFound,
        "mount \"/vol\"",
        () => Pod.CreateAsync(["true"], Volume($"{Cri.Registry.Host}/nobody/pulled:this")));

    [Fact]
    public async Task CreateContainer_ImageAndHostPath_IsRefused()
    {
        var reference = await PullAsync("both");

        await FailsAsync(StatusCode.InvalidArgument, "exclude each other", () => Pod.CreateAsync(["true"], config =>
        {
            Volume(reference)(config);
            config.Mounts[0].HostPath = "/var/tmp";
        }));
    }

    [Fact]
    public async Task CreateContainer_SubPathWithoutAnImage_IsRefused() => await FailsAsync(
        StatusCode.InvalidArgument,
        "without an image",
        () => Pod.CreateAsync(["true"], config =>
            config.Mounts.Add(new Mount { ContainerPath = "/vol", HostPath = "/var/tmp", ImageSubPath = "data" })));

    [Fact]
    public async Task RemoveImage_WhileItIsAVolume_LeavesTheVolumeWhole()
    {
        var reference = await PullAsync("removed");
        var container = await Pod.StartAsync(["sleep", "1000"], Volume(reference));

        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = reference } });

        Assert.Equal("42", await container.ShellAsync("cat /vol/data/model/weights"));
        await container.RemoveAsync();
    }

    [Fact]
    public async Task Container_InAUserNamespace_OwnsTheFilesOfItsImageVolume()
    {
        var reference = await PullAsync("user");
        var range = new IDMapping { HostId = 2_000_000, Length = 65536 };
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.UsernsOptions =
            new UserNamespace { Mode = NamespaceMode.Pod, Uids = { range }, Gids = { range } });

        Assert.Equal("0\n7\n42", await pod.OutputAsync("stat -c %u /vol /vol/data/model/weights; cat /vol/data/model/weights", Volume(reference)));
    }

    [CrispdFact]
    public async Task RemoveContainer_WithAnImageVolume_UnmountsIt()
    {
        var reference = await PullAsync("unmounted");
        var container = await Pod.CreateAsync(["true"], Volume(reference));
        Assert.Contains(container.Id + "/volumes/", await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);

        await container.RemoveAsync();

        Assert.DoesNotContain(container.Id, await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    [CrispdFact]
    public async Task Container_WithAnArtifactAsVolume_ReadsItsFilesAndCannotWriteThem()
    {
        var reference = await PullArtifactAsync("read");

        var output = await Pod.OutputAsync(
            "cat /vol/weights /vol/docs/readme; for f in /vol/new /vol/weights; do echo x 2>/dev/null >$f || echo refused; done", Volume(reference));

        Assert.Equal(["42", "text", "refused", "refused"], output.Split('\n').Where(line => !line.StartsWith("sh:", StringComparison.Ordinal)));
    }

    [CrispdFact]
    public async Task Container_WithASubPathOfAnArtifact_SeesItAlone()
    {
        var reference = await PullArtifactAsync("sub");

        Assert.Equal("readme\ntext", await Pod.OutputAsync("ls /vol; cat /vol/readme", Volume(reference, "docs")));
    }

    [CrispdFact]
    public async Task Container_InAUserNamespace_ReadsAnArtifact()
    {
        var reference = await PullArtifactAsync("user");
        var range = new IDMapping { HostId = 2_100_000, Length = 65536 };
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.UsernsOptions =
            new UserNamespace { Mode = NamespaceMode.Pod, Uids = { range }, Gids = { range } });

        Assert.Equal("42", await pod.OutputAsync("cat /vol/weights", Volume(reference)));

        // The file on the host's disk is as it was, for the next container.
        Assert.Equal("0", await Pod.OutputAsync("stat -c %u /vol/weights", Volume(reference)));
    }

    [CrispdFact]
    public async Task RemoveImage_ArtifactThatIsAVolume_LeavesTheVolumeWhole()
    {
        var reference = await PullArtifactAsync("removed");
        var container = await Pod.StartAsync(["sleep", "1000"], Volume(reference));

        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = reference } });

        Assert.Equal("42", await container.ShellAsync("cat /vol/weights"));
        await container.RemoveAsync();
    }

    [CrispdFact]
    public async Task ListImages_AnArtifact_IsListedByItsNameAndDigest()
    {
        var reference = await PullArtifactAsync("listed");

        var listed = (await Cri.Images.ListImagesAsync(new ListImagesRequest { Filter = new ImageFilter { Image = new ImageSpec { Image = reference } } })).Images;
        var status = await Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = reference }, Verbose = true });

        Assert.Equal([reference], Assert.Single(listed).RepoTags);
        Assert.Contains(listed[0].Id, Assert.Single(listed[0].RepoDigests), StringComparison.Ordinal);
        Assert.False(listed[0].Pinned);
        Assert.Contains("application/vnd.example.artifact", status.Info["info"], StringComparison.Ordinal);
    }

    [CrispdFact]
    public async Task CreateContainer_FromAnArtifact_IsRefused()
    {
        var reference = await PullArtifactAsync("run");

        await FailsAsync(StatusCode.FailedPrecondition, "is an artifact", () => Pod.CreateAsync(["true"], config => config.Image.Image = reference));
    }

    private async Task<string> PullArtifactAsync(string name)
    {
        var reference = await Cri.Registry.PushArtifactAsync(
            $"artifact-{name}:v1", new Dictionary<string, string> { ["weights"] = "42\n", ["docs/readme"] = "text\n" });
        await Cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = reference } });
        return reference;
    }

    private Task<string> PullAsync(string name, IReadOnlyList<(string Path, string Target)>? links = null) => Cri.PullAsync(new TestImage
    {
        Name = $"volume-{name}:v1",
        Files = [TestFile.Text("data/model/weights", "42\n") with { Uid = 7 }, .. (links ?? []).Select(link => TestFile.Link(link.Path, link.Target))],
    });

    private static Action<ContainerConfig> Volume(string reference, string subPath = "") => config => config.Mounts.Add(
        new Mount { ContainerPath = "/vol", Image = new ImageSpec { Image = reference }, ImageSubPath = subPath, Readonly = true });
}
