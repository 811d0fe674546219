using Cri.Linux;
using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public sealed class ContainerMountsTests : IDisposable
{
    private readonly string _host = Directory.CreateTempSubdirectory("crisp-mounts-").FullName;

    public void Dispose() => Directory.Delete(_host, recursive: true);

    [Fact]
    public void Build_Volumes_ComeAfterTheSystemAndParentsFirst()
    {
        var mounts = Build(Volume("/a/b/c"), Volume("/a"));

        Assert.Equal(["/a", "/a/b/c"], mounts.TakeLast(2).Select(mount => mount.Destination));
        Assert.Equal("/proc", mounts[0].Destination);
    }

    [Fact]
    public void Build_VolumeOverADefault_ReplacesIt()
    {
        var mounts = Build(Volume("/etc/hosts"));

        Assert.Equal(_host, Assert.Single(mounts, mount => mount.Destination == "/etc/hosts").Source);
    }

    [Theory]
    [InlineData(V1.MountPropagation.PropagationPrivate, "rprivate", null)]
    [InlineData(V1.MountPropagation.PropagationHostToContainer, "rslave", "rslave")]
    [InlineData(V1.MountPropagation.PropagationBidirectional, "rshared", "rshared")]
    public void Build_Propagation_IsPassedOn(V1.MountPropagation asked, string option, string? root)
    {
        var volume = Volume("/data");
        volume.Propagation = asked;
        Mount.Make("tmpfs", "tmpfs", _host, ["size=64k", "shared"]);
        try
        {
            Assert.Contains(option, Build(volume)[^1].Options);
            Assert.Equal(root, ContainerMounts.RootPropagation(new V1.ContainerConfig { Mounts = { volume } }));
        }
        finally
        {
            Mount.UnmountAll(_host);
        }
    }

    [Fact]
    public void Build_PropagationFromAPrivateMount_IsAFailedPrecondition()
    {
        var volume = Volume("/data");
        volume.Propagation = V1.MountPropagation.PropagationHostToContainer;
        Mount.Make("tmpfs", "tmpfs", _host, ["size=64k", "private"]);
        try
        {
            Assert.Equal(StatusCode.FailedPrecondition, Assert.Throws<RpcException>(() => Build(volume)).StatusCode);
        }
        finally
        {
            Mount.UnmountAll(_host);
        }
    }

    [Fact]
    public void Build_VolumeOverDev_HidesAllDefaultsBelowIt()
    {
        var mounts = Build(Volume("/dev/"));

        Assert.DoesNotContain(mounts, mount => mount.Destination.StartsWith("/dev/p", StringComparison.Ordinal));
        Assert.DoesNotContain(mounts, mount => mount.Type == "tmpfs");
    }

    [Fact]
    public void Build_RecursiveReadOnly_NeedsTheRuntime()
    {
        var volume = Volume("/data");
        (volume.Readonly, volume.RecursiveReadOnly) = (true, true);
        var input = SpecFixture.Input(new V1.ContainerConfig { Mounts = { volume } });

        Assert.Contains("rro", ContainerMounts.Build(input with { RecursiveReadOnly = true })[^1].Options);
        Assert.StartsWith("RROUnsupported", Assert.Throws<RpcException>(() => ContainerMounts.Build(input)).Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_Image_IsTakenFromTheBundleReadonly()
    {
        var mount = Build(Volume("/data"), new V1.Mount { ContainerPath = "/vol", Image = new V1.ImageSpec { Image = "model" } })[^1];

        Assert.Equal("/run/crisp/pods/pod-id/container-id/volumes/1", mount.Source);
        Assert.Contains("ro", mount.Options);
    }

    [Fact]
    public void Build_OneOfManyVolumesIsWrong_MakesNoMissingHostPath()
    {
        var missing = Volume("/one");
        missing.HostPath = Path.Combine(_host, "missing");

        Assert.Throws<RpcException>(() => Build(missing, new V1.Mount { ContainerPath = "relative", HostPath = _host }));

        Assert.False(Directory.Exists(missing.HostPath));
    }

    [Fact]
    public void Build_MissingHostPath_IsMadeAsADirectory()
    {
        var volume = Volume("/data");
        volume.HostPath = Path.Combine(_host, "not/yet/there");

        Build(volume);

        Assert.True(Directory.Exists(volume.HostPath));
    }

    [Fact]
    public void Build_LinkedHostPath_IsResolved()
    {
        var link = Path.Combine(_host, "link");
        Directory.CreateSymbolicLink(link, Directory.CreateDirectory(Path.Combine(_host, "real")).FullName);
        var volume = Volume("/data");
        volume.HostPath = link;

        Assert.Equal(Path.Combine(_host, "real"), Build(volume)[^1].Source);
    }

    [Fact]
    public void Build_HostPathBelowAFile_IsAFailedPreconditionThatNamesBoth()
    {
        File.WriteAllText(Path.Combine(_host, "file"), "");
        var volume = Volume("/data");
        volume.HostPath = Path.Combine(_host, "file/below");

        var error = Assert.Throws<RpcException>(() => Build(volume));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("/data", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("file/below", error.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("relative", "/host")]
    [InlineData("/data", "relative")]
    public void Build_RelativePath_IsInvalid(string container, string host) => Assert.Equal(
        StatusCode.InvalidArgument,
        Assert.Throws<RpcException>(() => Build(new V1.Mount { ContainerPath = container, HostPath = host })).StatusCode);

    private V1.Mount Volume(string path) => new() { ContainerPath = path, HostPath = _host };

    private static List<Oci.Runtime.MountSpec> Build(params V1.Mount[] volumes) =>
        ContainerMounts.Build(SpecFixture.Input(new V1.ContainerConfig { Mounts = { volumes } }));
}
