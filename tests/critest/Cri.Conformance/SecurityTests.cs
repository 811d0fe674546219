using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;
using ProfileType = Cri.Api.V1.SecurityProfile.Types.ProfileType;

namespace Cri.Conformance;

public sealed class SecurityTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private const string Profile = """
        {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
        """;

    private const string MakeDirectory = "mkdir /tmp/d 2>/dev/null && echo made || echo refused";

    private TestPod Pod => fixture.Pod;

    private static bool HasAppArmor => File.Exists("/sys/module/apparmor/parameters/enabled")
        && File.ReadAllText("/sys/module/apparmor/parameters/enabled").StartsWith('Y');

    [Fact]
    public async Task Seccomp_LocalProfile_IsApplied()
    {
        using var directory = new TemporaryDirectory("seccomp");
        var path = directory.File("profile.json", Profile);

        Assert.Equal("refused", await Pod.OutputAsync(MakeDirectory, Seccomp(ProfileType.Localhost, path)));
        Assert.Equal("refused", await Pod.OutputAsync(MakeDirectory, Seccomp(ProfileType.Localhost, "localhost/" + path)));
    }

    [Fact]
    public async Task Seccomp_LocalProfileAndPrivileged_IsIgnored()
    {
        using var directory = new TemporaryDirectory("seccomp");
        var path = directory.File("profile.json", Profile);
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.Privileged = true);

        var output = await pod.OutputAsync(MakeDirectory, config =>
        {
            Seccomp(ProfileType.Localhost, path)(config);
            config.Linux.SecurityContext.Privileged = true;
        });

        Assert.Equal("made", output);
    }

    [Fact]
    public async Task Seccomp_DeprecatedField_StillCounts()
    {
        using var directory = new TemporaryDirectory("seccomp");
        var path = directory.File("profile.json", Profile);

#pragma warning disable CS0612 // the deprecated field is what is tested
        var output = await Pod.OutputAsync(MakeDirectory, config => config.Linux.SecurityContext.SeccompProfilePath = "localhost/" + path);
#pragma warning restore CS0612

        Assert.Equal("refused", output);
    }

    [Fact]
    public async Task Seccomp_UnconfinedOrNothing_IsNoFilter()
    {
        const string Mode = "grep Seccomp: /proc/self/status | cut -f2";

        Assert.Equal("0", await Pod.OutputAsync(Mode, Seccomp(ProfileType.Unconfined, "")));
        Assert.Equal("0", await Pod.OutputAsync(Mode));
    }

    [Theory]
    [InlineData(ProfileType.Localhost, "/nowhere/profile.json")]
    [InlineData(ProfileType.Localhost, "")]
    [InlineData(ProfileType.RuntimeDefault, "/some/profile.json")]
    public Task Seccomp_ProfileThatIsNotThere_IsRefused(ProfileType type, string reference) =>
        RefusedAsync(StatusCode.InvalidArgument, "seccomp", Seccomp(type, reference));

    [CrispdFact]
    public Task AppArmor_LocalProfileThatIsNotLoaded_IsAFailedPrecondition() => RefusedAsync(
        StatusCode.FailedPrecondition,
        "\"nowhere\"",
        config => config.Linux.SecurityContext.Apparmor = new SecurityProfile { ProfileType = ProfileType.Localhost, LocalhostRef = "nowhere" });

    [CrispdFact]
    public async Task AppArmor_RuntimeDefault_ConfinesWhereTheHostHasIt()
    {
        var output = await Pod.OutputAsync("cat /proc/self/attr/current 2>/dev/null || echo none", config =>
            config.Linux.SecurityContext.Apparmor = new SecurityProfile { ProfileType = ProfileType.RuntimeDefault });

        Assert.Equal(HasAppArmor ? "crisp-default (enforce)" : "none", output);
    }

    [Fact]
    public async Task SupplementalGroups_PolicyStrict_LeavesTheImagesGroupsOut()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], User(SupplementalGroupsPolicy.Strict));

        Assert.Equal("33 5001", await GroupsAsync(container));
        Assert.Equal([33, 5001], await StatusGroupsAsync(container));
    }

    [Fact]
    public async Task SupplementalGroups_PolicyMerge_AddsTheImagesGroups()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], User(SupplementalGroupsPolicy.Merge));

        Assert.Equal("33 4242 5001", await GroupsAsync(container));
        Assert.Equal([33, 4242, 5001], await StatusGroupsAsync(container));
    }

    [Fact]
    public async Task ContainerStatus_User_IsWhoTheProcessRunsAs()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], config =>
        {
            config.Linux.SecurityContext.RunAsUser = new Int64Value { Value = 4711 };
            config.Linux.SecurityContext.RunAsGroup = new Int64Value { Value = 4712 };
        });

        var user = (await container.StatusAsync()).User.Linux;

        Assert.Equal((4711, 4712), (user.Uid, user.Gid));
    }

    [Fact]
    public async Task Status_Features_NameTheGroupsPolicy() =>
        Assert.True((await Cri.Runtime.StatusAsync(new StatusRequest())).Features.SupplementalGroupsPolicy);

    [Fact]
    public async Task AmbientCapability_ForAUser_IsEffective()
    {
        var output = await Pod.OutputAsync("grep -E 'CapEff|CapAmb' /proc/self/status | cut -f2", config =>
        {
            config.Linux.SecurityContext.RunAsUser = new Int64Value { Value = 4711 };
            config.Linux.SecurityContext.Capabilities = new Capability
            {
                AddAmbientCapabilities = { "NET_BIND_SERVICE" },
                DropCapabilities = { "ALL" },
            };
        });

        Assert.Equal("0000000000000400\n0000000000000400", output);
    }

    [Fact]
    public async Task ReadonlyRootfs_Root_CannotBeWritten() => Assert.Equal(
        "refused", await Pod.OutputAsync("touch /x 2>/dev/null && echo written || echo refused", config => config.Linux.SecurityContext.ReadonlyRootfs = true));

    [Fact]
    public async Task MaskedPaths_None_HidesNothing() => Assert.NotEqual("0", await Pod.OutputAsync("cat /proc/timer_list 2>/dev/null | wc -c; cat /proc/cpuinfo | wc -c"));

    [Fact]
    public async Task Privileged_Sysfs_IsWritableAndNothingIsFiltered()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.Privileged = true);

        var output = await pod.OutputAsync(
            "grep -c ' /sys sysfs rw' /proc/mounts; grep Seccomp: /proc/self/status | cut -f2; grep NoNewPrivs /proc/self/status | cut -f2",
            config =>
            {
                config.Linux.SecurityContext.Privileged = true;
                config.Linux.SecurityContext.MaskedPaths.Add("/proc/cpuinfo");
            });

        Assert.Equal("1\n0\n0", output);
    }

    [Fact]
    public async Task Sysctl_OfThePodsNamespaces_IsSet()
    {
        var pod = await RunPodAsync(config =>
        {
            config.Linux.Sysctls["net.ipv4.ip_unprivileged_port_start"] = "80";
            config.Linux.Sysctls["kernel.shm_rmid_forced"] = "1";
        });

        Assert.Equal("80\n1", await pod.OutputAsync("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced"));
    }

    [CrispdFact]
    public async Task Sysctl_OfTheHost_IsRefused()
    {
        await FailsAsync(StatusCode.InvalidArgument, "net.ipv4.ip_forward", () => RunPodAsync(config =>
        {
            config.Linux.Sysctls["net.ipv4.ip_forward"] = "1";
            config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node;
        }));
        await FailsAsync(StatusCode.InvalidArgument, "vm.swappiness", () => RunPodAsync(config => config.Linux.Sysctls["vm.swappiness"] = "1"));
    }

    [Fact]
    public async Task Device_OfTheHost_IsThereWithItsPermissions()
    {
        var output = await Pod.OutputAsync(
            "head -c 1 /dev/mine | wc -c; (echo x > /dev/mine) 2>/dev/null && echo written || echo refused",
            config => config.Devices.Add(new Device { HostPath = "/dev/zero", ContainerPath = "/dev/mine", Permissions = "r" }));

        // The standard devices are allowed whatever their name, so the permissions of another one count.
        Assert.StartsWith("1\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Device_Directory_StandsForAllInIt()
    {
        using var directory = new TemporaryDirectory("devices", "/dev");
        File.CreateSymbolicLink(directory.Path + "/link", "/dev/null");
        Command.Run("mknod", $"{directory.Path}/one", "c", "1", "3");
        Command.Run("mknod", $"{directory.Path}/two", "c", "1", "5");

        var output = await Pod.OutputAsync(
            "ls /dev/set; head -c 1 /dev/set/two | wc -c",
            config => config.Devices.Add(new Device { HostPath = directory.Path, ContainerPath = "/dev/set", Permissions = "rwm" }));

        Assert.Equal("one\ntwo\n1", output);
    }

    [CrispdFact]
    public Task Device_ThatIsNotThere_IsRefused() => RefusedAsync(
        StatusCode.InvalidArgument, "/dev/nowhere", config => config.Devices.Add(new Device { HostPath = "/dev/nowhere", ContainerPath = "/dev/x", Permissions = "r" }));

    [CrispdFact]
    public Task Device_WithWrongPermissions_IsRefused() => RefusedAsync(
        StatusCode.InvalidArgument, "permissions", config => config.Devices.Add(new Device { HostPath = "/dev/null", ContainerPath = "/dev/x", Permissions = "rx" }));

    private static Action<ContainerConfig> Seccomp(ProfileType type, string reference) => config =>
        config.Linux.SecurityContext.Seccomp = new SecurityProfile { ProfileType = type, LocalhostRef = reference };

    // Uid 33 is "web" in the test image, whose group 4242 lists it.
    private static Action<ContainerConfig> User(SupplementalGroupsPolicy policy) => config =>
    {
        config.Linux.SecurityContext.RunAsUser = new Int64Value { Value = 33 };
        config.Linux.SecurityContext.SupplementalGroups.Add(5001);
        config.Linux.SecurityContext.SupplementalGroupsPolicy = policy;
    };

    private static async Task<string> GroupsAsync(TestContainer container) =>
        string.Join(' ', (await container.ShellAsync("id -G")).Split(' ').Select(int.Parse).Distinct().Order());

    private static async Task<IEnumerable<long>> StatusGroupsAsync(TestContainer container) =>
        (await container.StatusAsync()).User.Linux.SupplementalGroups.Order();

    private async Task RefusedAsync(StatusCode code, string named, Action<ContainerConfig> change)
    {
        if (Cri.Crispd is not null)
        {
            await FailsAsync(code, named, () => Pod.CreateAsync(["true"], change));
        }
        else
        {
            await Assert.ThrowsAsync<RpcException>(() => Pod.StartAsync(["true"], change));
        }
    }
}
