using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class MountTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>, IDisposable
{
    private readonly TemporaryDirectory _host = new("mounts", "/var/tmp");

    private TestPod Pod => fixture.Pod;

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Container_WithAMount_ReadsAndWritesTheHostsDirectory()
    {
        _host.File("in", "from host");

        var output = await Pod.OutputAsync("cat /data/in; echo from container >/data/out", At("/data"));

        Assert.Equal("from host", output);
        Assert.Equal("from container\n", await File.ReadAllTextAsync(_host.Path + "/out"));
    }

    [Fact]
    public async Task Container_WithAReadonlyMount_CannotWrite()
    {
        var output = await Pod.OutputAsync("echo x 2>/dev/null >/data/out || echo refused", At("/data", mount => mount.Readonly = true));

        Assert.Equal("refused", output.Split('\n')[^1]);
        Assert.False(File.Exists(_host.Path + "/out"));
    }

    [Fact]
    public async Task Container_WithAFileMount_SeesTheFile()
    {
        var file = _host.File("one", "just this");

        var output = await Pod.OutputAsync("cat /etc/one", config =>
            config.Mounts.Add(new Mount { ContainerPath = "/etc/one", HostPath = file, Readonly = true }));

        Assert.Equal("just this", output);
    }

    [Fact]
    public async Task Container_WithASymlinkAsMountSource_SeesItsTarget()
    {
        _host.File("target/in", "behind the link");
        File.CreateSymbolicLink(_host.Path + "/link", "target");

        var output = await Pod.OutputAsync("cat /data/in", config =>
            config.Mounts.Add(new Mount { ContainerPath = "/data", HostPath = _host.Path + "/link" }));

        Assert.Equal("behind the link", output);
    }

    [Fact]
    public async Task Container_WithAMissingMountSource_GetsAnEmptyDirectory()
    {
        var output = await Pod.OutputAsync("ls /data | wc -l", config =>
            config.Mounts.Add(new Mount { ContainerPath = "/data", HostPath = _host.Path + "/made/for/it" }));

        Assert.Equal("0", output);
        Assert.True(Directory.Exists(_host.Path + "/made/for/it"));
    }

    [Fact]
    public async Task ContainerStatus_OfAContainerWithAMount_ShowsIt()
    {
        var container = await Pod.CreateAsync(["true"], At("/data", mount => mount.Readonly = true));

        var mount = Assert.Single((await container.StatusAsync()).Mounts, mount => mount.ContainerPath == "/data");

        Assert.Equal((_host.Path, true), (mount.HostPath, mount.Readonly));
    }

    [Fact]
    public async Task Container_WithAReadonlyRoot_CannotWriteThere()
    {
        var output = await Pod.OutputAsync(
            "echo x 2>/dev/null >/file || echo refused", config => config.Linux.SecurityContext.ReadonlyRootfs = true);

        Assert.EndsWith("refused", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_WithAWritableRoot_KeepsItsFilesToItself()
    {
        Assert.Equal("mine", await Pod.OutputAsync("echo mine >/own; cat /own"));
        Assert.Equal("absent", await Pod.OutputAsync("test -e /own || echo absent"));
    }

    [Fact]
    public async Task Container_OfAnImageWithAVolume_HasAWritableDirectoryThere()
    {
        var reference = await Cri.PullAsync(new TestImage
        {
            Name = "volume:v1",
            Volumes = ["/vol"],
            Files = [TestFile.Text("vol/seed", "from the image\n")],
        });

        var output = await Pod.OutputAsync("cat /vol/seed; echo x >/vol/new && echo written", config => config.Image.Image = reference);

        Assert.Equal("from the image\nwritten", output);
    }

    [Fact]
    public async Task Container_WithHostToContainerPropagation_SeesALaterMount()
    {
        Directory.CreateDirectory(_host.Path + "/sub");
        Command.Run("mount", "--bind", _host.Path, _host.Path);
        try
        {
            Command.Run("mount", "--make-shared", _host.Path);
            var container = await Pod.StartAsync(["sleep", "1000"], At("/data", m => m.Propagation = MountPropagation.PropagationHostToContainer));
            Command.Run("mount", "-t", "tmpfs", "late", _host.Path + "/sub");
            Assert.Contains("late", await container.ShellAsync("grep ' /data/sub ' /proc/mounts"), StringComparison.Ordinal);
            await container.RemoveAsync();
        }
        finally
        {
            Command.Run("umount", "-R", _host.Path);
        }
    }

    [Theory]
    [InlineData(MountPropagation.PropagationHostToContainer, "shared or slave")]
    [InlineData(MountPropagation.PropagationBidirectional, "not a shared mount")]
    public async Task CreateContainer_PropagationFromAPrivateMount_Fails(MountPropagation propagation, string words)
    {
        Command.Run("mount", "-t", "tmpfs", "private", _host.Path);
        try
        {
            Command.Run("mount", "--make-private", _host.Path);

            var error = await FailsAsync(
                StatusCode.FailedPrecondition, words, () => Pod.CreateAsync(["true"], At("/data", m => m.Propagation = propagation)));

            Assert.Contains(_host.Path, error.Status.Detail, StringComparison.Ordinal);
        }
        finally
        {
            Command.Run("umount", _host.Path);
        }
    }

    [Fact]
    public async Task Container_WithBidirectionalPropagation_SendsItsMountsToTheHost()
    {
        Directory.CreateDirectory(_host.Path + "/sub");
        Command.Run("mount", "--bind", _host.Path, _host.Path);
        try
        {
            Command.Run("mount", "--make-shared", _host.Path);
            var pod = await RunPodAsync(config => config.Linux.SecurityContext.Privileged = true);
            var container = await pod.StartAsync(["sleep", "1000"], config =>
            {
                config.Linux.SecurityContext.Privileged = true;
                At("/data", m => m.Propagation = MountPropagation.PropagationBidirectional)(config);
            });

            Assert.Equal("done", await container.ShellAsync("mount -t tmpfs sent /data/sub && echo done"));

            Assert.Contains($" {_host.Path}/sub ", await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
            await container.ShellAsync("umount /data/sub");
        }
        finally
        {
            Command.Run("umount", "-R", _host.Path);
        }
    }

    [Fact]
    public async Task Status_OfTheDefaultHandler_SaysThatRecursiveReadOnlyMountsWork()
    {
        var status = await Cri.Runtime.StatusAsync(new StatusRequest());

        Assert.True(status.RuntimeHandlers.Single(handler => handler.Name.Length == 0).Features.RecursiveReadOnlyMounts);
    }

    [Theory]
    [InlineData(true, "refused")]
    [InlineData(false, "written")]
    public async Task Container_WithAReadonlyMount_CannotWriteBelowWhenItIsRecursive(bool recursive, string expected)
    {
        Directory.CreateDirectory(_host.Path + "/sub");
        Command.Run("mount", "-t", "tmpfs", "below", _host.Path + "/sub");
        try
        {
            var container = await Pod.StartAsync(["sleep", "1000"], At("/data", mount => (mount.Readonly, mount.RecursiveReadOnly) = (true, recursive)));

            Assert.Equal("refused", await container.ShellAsync("(echo x >/data/f) 2>/dev/null && echo written || echo refused"));
            Assert.Equal(expected, await container.ShellAsync("(echo x >/data/sub/f) 2>/dev/null && echo written || echo refused"));
            Assert.Equal(recursive, Assert.Single((await container.StatusAsync()).Mounts, mount => mount.ContainerPath == "/data").RecursiveReadOnly);
            await container.RemoveAsync();
        }
        finally
        {
            Command.Run("umount", _host.Path + "/sub");
        }
    }

    [Fact]
    public async Task CreateContainer_RecursiveReadOnlyButNotReadonly_IsRefused() => await FailsAsync(
        StatusCode.InvalidArgument, "needs readonly", () => Pod.CreateAsync(["true"], At("/data", mount => mount.RecursiveReadOnly = true)));

    [Fact]
    public async Task CreateContainer_RecursiveReadOnlyWithPropagation_IsRefused() => await FailsAsync(
        StatusCode.InvalidArgument,
        "needs propagation PRIVATE",
        () => Pod.CreateAsync(["true"], At("/data", mount =>
            (mount.Readonly, mount.RecursiveReadOnly, mount.Propagation) = (true, true, MountPropagation.PropagationHostToContainer))));

    [Fact]
    public async Task CreateContainer_IdMappingsInAPodWithoutAUserNamespace_IsRefused() => await FailsAsync(
        StatusCode.InvalidArgument,
        "no user namespace",
        () => Pod.CreateAsync(["true"], At("/data", mount => mount.UidMappings.Add(new IDMapping { HostId = 100000, Length = 65536 }))));

    [Fact]
    public async Task CreateContainer_RelativeHostPath_IsRefused() => await FailsAsync(
        StatusCode.InvalidArgument, "must be absolute", () => Pod.CreateAsync(["true"], At("/data", mount => mount.HostPath = "relative")));

    [Fact]
    public async Task Container_WithAMountOverAPodFile_SeesTheMount()
    {
        var hosts = _host.File("hosts", "10.9.8.7 mine\n");
        var shm = Directory.CreateDirectory(_host.Path + "/shm").FullName;

        var output = await Pod.OutputAsync("cat /etc/hosts; grep -c ' /etc/hosts ' /proc/mounts; echo x >/dev/shm/f", config =>
        {
            config.Mounts.Add(new Mount { ContainerPath = "/etc/hosts", HostPath = hosts });
            config.Mounts.Add(new Mount { ContainerPath = "/dev/shm/", HostPath = shm });
        });

        Assert.Equal("10.9.8.7 mine\n1", output);
        Assert.True(File.Exists(shm + "/f"));
    }

    [Fact]
    public async Task Container_Unprivileged_HasSystemMountsReadonly()
    {
        var output = await Pod.OutputAsync("""
            grep ' /sys sysfs ro,' /proc/mounts | wc -l
            for d in $(grep -E ' cgroup2? ' /proc/mounts | cut -d' ' -f2); do mkdir $d/mine 2>/dev/null && echo writable; done
            df -k /dev/shm | tail -1 | awk '{print $2}'
            """);

        Assert.Equal("1\n65536", output);
    }

    [Fact]
    public async Task Container_WithADevice_SeesIt()
    {
        var output = await Pod.OutputAsync("head -c 4 /dev/nil | wc -c; test -c /dev/nil && echo device", config =>
            config.Devices.Add(new Device { ContainerPath = "/dev/nil", HostPath = "/dev/null", Permissions = "rw" }));

        Assert.Equal("0\ndevice", output);
    }

    private Action<ContainerConfig> At(string path, Action<Mount>? change = null) => config =>
    {
        var mount = new Mount { ContainerPath = path, HostPath = _host.Path };
        change?.Invoke(mount);
        config.Mounts.Add(mount);
    };
}
