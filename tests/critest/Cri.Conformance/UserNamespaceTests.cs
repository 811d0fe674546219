using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

[Trait("Depends", "cgroup")]
public sealed class UserNamespaceTests(UserNamespaceTests.UserPod fixture)
    : ConformanceTest, IClassFixture<UserNamespaceTests.UserPod>, IDisposable
{
    private const uint HostId = 1_000_000;
    private const uint Length = 65536;
    private readonly TemporaryDirectory _host = new("userns", "/var/tmp");

    private TestPod Pod => fixture.Pod;

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Status_OfTheDefaultHandler_SaysThatUserNamespacesWork()
    {
        var status = await Cri.Runtime.StatusAsync(new StatusRequest());

        Assert.True(status.RuntimeHandlers.Single(handler => handler.Name.Length == 0).Features.UserNamespaces);
    }

    [Fact]
    public async Task Container_InAUserNamespace_HasThePodsIds()
    {
        var output = await Pod.OutputAsync("cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id -u; id -g");

        Assert.Equal($" 0 {HostId} {Length}\n 0 {HostId} {Length}\n0\n0", output);
    }

    [Fact]
    public async Task Container_InAUserNamespace_OwnsItsFilesAndMayChangeThem()
    {
        var output = await Pod.OutputAsync("""
            stat -c '%u:%g %n' / /etc /bin/busybox /etc/hosts /etc/hostname /etc/resolv.conf /dev/shm
            echo own >/new && mkdir /etc/deep && chmod 600 /etc/group && chown 1000:1000 /new && stat -c '%u:%g' /new
            echo x >/dev/shm/s && echo x >>/etc/hosts && echo written
            """);

        Assert.Equal(
            "0:0 /\n0:0 /etc\n0:0 /bin/busybox\n0:0 /etc/hosts\n0:0 /etc/hostname\n0:0 /etc/resolv.conf\n0:0 /dev/shm\n1000:1000\nwritten",
            output);
    }

    [Fact]
    public async Task Container_InAUserNamespace_HasItsOwnNetworkAndHostname()
    {
        var output = await Pod.OutputAsync(
            "hostname; ip link set lo down && ip link set lo up && ip addr show lo | grep -c 127.0.0.1; ip addr show eth0 | grep -cw inet; ls /sys/class/net | wc -l",
            config => config.Linux.SecurityContext.Capabilities = new Capability { AddCapabilities = { "NET_ADMIN" } });

        Assert.Equal($"{Pod.Config.Hostname}\n1\n1\n2", output);
    }

    [Fact]
    public async Task Container_InAUserNamespace_CannotTouchTheHostsFiles()
    {
        File.WriteAllText(_host.Path + "/secret", "host");
        File.SetUnixFileMode(_host.Path + "/secret", UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var output = await Pod.OutputAsync(
            "cat /data/secret 2>/dev/null || echo unreadable; stat -c %u /data/secret",
            config => config.Mounts.Add(new Mount { ContainerPath = "/data", HostPath = _host.Path }));

        Assert.Equal("unreadable\n65534", output);
    }

    [Fact]
    public async Task Volume_WithIdMappings_BelongsToTheContainersUsers()
    {
        _host.File("in", "from host");

        var output = await Pod.OutputAsync(
            "cat /data/in; echo x >/data/out; chown 1000:2000 /data/out; stat -c %u:%g /data/in /data/out", Mapped(_host.Path, "/data"));

        Assert.Equal("from host0:0\n1000:2000", output);
        Assert.Equal("1000:2000", Command.Run("stat", "-c", "%u:%g", _host.Path + "/out").Trim());
    }

    [Fact]
    public async Task Volume_WithIdMappingsOfAFile_IsMountedReadonly()
    {
        var file = _host.File("one", "just this");

        var output = await Pod.OutputAsync("cat /etc/one; echo; echo x 2>/dev/null >/etc/one || echo refused", config =>
        {
            Mapped(file, "/etc/one")(config);
            config.Mounts[0].Readonly = true;
        });

        Assert.Equal("just this\nrefused", output.Replace("sh: can't create /etc/one: Read-only file system\n", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Process_OfAnotherUser_OpensItsStreamsAgain()
    {
        var output = await Pod.OutputAsync(
            "id -u; echo again >/dev/stdout; echo error >/dev/stderr",
            config => config.Linux.SecurityContext.RunAsUser = new Int64Value { Value = 1000 });

        Assert.Equal(["1000", "again", "error"], output.Split('\n').Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ExecSync_InAUserNamespace_RunsThere()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        Assert.Equal($"0 {HostId} {Length} again", await container.ShellAsync("echo $(cat /proc/self/uid_map) again >/dev/stdout"));
        Assert.Equal("0 1 cgroup", await container.ShellAsync("echo $(id -u) $(ls /proc | grep -c '^1$') $(ls /sys/fs | grep cgroup)"));
    }

    [Fact]
    public async Task Terminal_InAUserNamespace_Works()
    {
        var output = await Pod.OutputAsync("tty; test -t 1 && echo terminal", config => config.Tty = true);

        Assert.Equal("/dev/pts/0\nterminal", output.Replace("\r", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Devices_InAUserNamespace_AreUsable() =>
        Assert.Equal("4", await Pod.OutputAsync("echo x >/dev/null; head -c 4 /dev/zero | wc -c"));

    [Fact]
    public async Task Pod_WithASharedPidNamespace_SharesItInTheUserNamespace()
    {
        var pod = await RunPodAsync(config =>
        {
            config.Linux.SecurityContext.NamespaceOptions = Options();
            config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod;
        });
        static void Shared(ContainerConfig config) => config.Linux.SecurityContext.NamespaceOptions = null;
        await pod.StartAsync(["sleep", "4321"], Shared);

        Assert.Equal("1", await pod.OutputAsync("for i in $(seq 600); do ps | grep -q 'sleep [4]321' && break; sleep 0.1; done; ps | grep -c 'sleep [4]321'", Shared));
    }

    [Fact]
    public async Task Sysctls_InAUserNamespace_AreSet()
    {
        var pod = await RunPodAsync(config =>
        {
            config.Linux.SecurityContext.NamespaceOptions = Options();
            config.Linux.Sysctls["net.ipv4.ip_unprivileged_port_start"] = "77";
            config.Linux.Sysctls["kernel.shm_rmid_forced"] = "1";
        });

        Assert.Equal("77\n1", await pod.OutputAsync("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced"));
    }

    [Fact]
    public async Task Image_WithOtherOwners_KeepsThemInside()
    {
        var reference = await Cri.PullAsync(new TestImage
        {
            Name = "owners:v1",
            Files = [TestFile.Text("srv/app", "x") with { Uid = 1000 }],
        });

        Assert.Equal("1000:0", await Pod.OutputAsync("stat -c %u:%g /srv/app", config => config.Image.Image = reference));
    }

    [Fact]
    public async Task PodSandboxStatus_OfAUserNamespace_ShowsTheMappings()
    {
        var options = (await Pod.StatusAsync()).Linux.Namespaces.Options.UsernsOptions;

        Assert.Equal(Options().UsernsOptions, options);
    }

    [Fact]
    public async Task Container_WithTheNodesUserNamespaceMode_HasTheNodesIds()
    {
        var pod = await RunPodAsync(config =>
            config.Linux.SecurityContext.NamespaceOptions.UsernsOptions = new UserNamespace { Mode = NamespaceMode.Node });

        var output = await pod.OutputAsync("echo $(cat /proc/self/uid_map)");

        Assert.Equal(string.Join(' ', File.ReadAllText("/proc/self/uid_map").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Trim(), output);
    }

    [Theory]
    [InlineData("CONTAINER")]
    [InlineData("TARGET")]
    public Task RunPodSandbox_WithAnotherMode_Fails(string mode) => RefusedAsync(
        options => options.UsernsOptions.Mode = Enum.Parse<NamespaceMode>(mode, ignoreCase: true), mode);

    [Fact]
    public Task RunPodSandbox_NodeModeWithMappings_Fails() => RefusedAsync(options => options.UsernsOptions.Mode = NamespaceMode.Node, "NODE takes no mappings");

    [Fact]
    public Task RunPodSandbox_TwoMappings_Fails() =>
        RefusedAsync(options => options.UsernsOptions.Uids.Add(new IDMapping { HostId = 2000, Length = 100 }), "uids: 2 mappings");

    [Fact]
    public Task RunPodSandbox_NoGroupMapping_Fails() => RefusedAsync(options => options.UsernsOptions.Gids.Clear(), "gids: 0 mappings");

    [Fact]
    public Task RunPodSandbox_RootNotMapped_Fails() => RefusedAsync(options => options.UsernsOptions.Uids[0].ContainerId = 1, "container id 0 is not mapped");

    [Fact]
    public Task RunPodSandbox_MappingOfLengthZero_Fails() => RefusedAsync(options => options.UsernsOptions.Gids[0].Length = 0, "length 0");

    [Fact]
    public Task RunPodSandbox_MappingBeyondTheLastId_Fails() => RefusedAsync(options => options.UsernsOptions.Uids[0].HostId = uint.MaxValue - 10, "go beyond");

    [Fact]
    public Task RunPodSandbox_WithTheNodesNetwork_Fails() => RefusedAsync(options => options.Network = NamespaceMode.Node, "network mode NODE");

    [Fact]
    public Task RunPodSandbox_WithTheNodesPids_Fails() => RefusedAsync(options => options.Pid = NamespaceMode.Node, "PID mode NODE");

    [Fact]
    public async Task CreateContainer_WithOtherMappingsThanThePod_Fails() => await FailsAsync(
        StatusCode.InvalidArgument,
        "differs from the pod's",
        () => Pod.CreateAsync(["true"], config =>
        {
            config.Linux.SecurityContext.NamespaceOptions = Options();
            config.Linux.SecurityContext.NamespaceOptions.UsernsOptions.Uids[0].HostId++;
        }));

    [Fact]
    public async Task CreateContainer_WithOtherMappingsOfAVolume_Fails() => await FailsAsync(
        StatusCode.InvalidArgument,
        "mount \"/data\": its id mappings differ",
        () => Pod.CreateAsync(["true"], config =>
        {
            Mapped(_host.Path, "/data")(config);
            config.Mounts[0].GidMappings.Clear();
        }));

    [Fact]
    public async Task CreateContainer_WithAUserBeyondTheMapping_Fails() => await FailsAsync(
        StatusCode.InvalidArgument,
        "user 70000 is not mapped",
        () => Pod.CreateAsync(["true"], config => config.Linux.SecurityContext.RunAsUser = new Int64Value { Value = 70000 }));

    private static NamespaceOption Options() => new()
    {
        Pid = NamespaceMode.Container,
        UsernsOptions = new UserNamespace { Mode = NamespaceMode.Pod, Uids = { Range() }, Gids = { Range() } },
    };

    private static IDMapping Range() => new() { HostId = HostId, ContainerId = 0, Length = Length };

    private static Action<ContainerConfig> Mapped(string hostPath, string path) => config => config.Mounts.Add(
        new Mount { ContainerPath = path, HostPath = hostPath, UidMappings = { Range() }, GidMappings = { Range() } });

    private Task RefusedAsync(Action<NamespaceOption> change, string words) => FailsAsync(StatusCode.InvalidArgument, words, () =>
    {
        var options = Options();
        change(options);
        return RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions = options);
    });

    /// <summary>A pod with a user namespace that the tests of the class share.</summary>
    public sealed class UserPod : IAsyncLifetime
    {
        /// <summary>The pod.</summary>
        public TestPod Pod { get; private set; } = null!;

        /// <inheritdoc/>
        public async Task InitializeAsync() => Pod = await TestPod.RunAsync(
            await SharedEndpointAsync(), config => config.Linux.SecurityContext.NamespaceOptions = Options());

        /// <inheritdoc/>
        public async Task DisposeAsync() => await Pod.DisposeAsync();
    }
}
