using Cri.Api.V1;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Xunit;

namespace Cri.Conformance;

public sealed class ContainerProcessTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task Container_WithoutCommandAndArgs_RunsTheImagesEntrypointAndCmd() =>
        Assert.Equal("entry: from-cmd", await RunAsync([], []));

    [Fact]
    public async Task Container_WithArgs_GivesThemToTheImagesEntrypoint() =>
        Assert.Equal("entry: mine", await RunAsync([], ["mine"]));

    [Fact]
    public async Task Container_WithACommand_IgnoresEntrypointAndCmd() =>
        Assert.Equal("", await RunAsync(["echo"], []));

    [Fact]
    public async Task Container_WithCommandAndArgs_RunsThem() =>
        Assert.Equal("both of mine", await RunAsync(["echo"], ["both", "of", "mine"]));

    [Fact]
    public async Task Container_WithEnvs_HasThemOverTheImages()
    {
        var reference = await Cri.PullAsync(new TestImage { Name = "env:v1", Env = ["PATH=/bin", "KEPT=image", "CHANGED=image"] });

        var output = await Pod.OutputAsync("echo $KEPT $CHANGED \"$NEW\"", config =>
        {
            config.Image.Image = reference;
            config.Envs.Add(new KeyValue { Key = "CHANGED", Value = "config" });
            config.Envs.Add(new KeyValue { Key = "NEW", Value = "a=b  c" });
        });

        Assert.Equal("image config a=b  c", output);
    }

    [Fact]
    public async Task Container_WithoutAWorkingDirectory_StartsInTheImages()
    {
        var reference = await Cri.PullAsync(new TestImage { Name = "workdir:v1", WorkingDir = "/made/by/the/image" });

        Assert.Equal("/made/by/the/image", await Pod.OutputAsync("pwd", config => config.Image.Image = reference));
    }

    [Fact]
    public async Task Container_WithAWorkingDirectory_StartsThere() =>
        Assert.Equal("/tmp", await Pod.OutputAsync("pwd", config => config.WorkingDir = "/tmp"));

    [Fact]
    public async Task Container_WithoutAUser_RunsAsTheImages()
    {
        var reference = await Cri.PullAsync(new TestImage { Name = "as-user:v1", User = "1234:4321" });

        Assert.Equal("1234 4321", await Pod.OutputAsync("echo $(id -u) $(id -g)", config => config.Image.Image = reference));
    }

    [Fact]
    public async Task Container_WithRunAsUser_HasThatUidAndGroup0() =>
        Assert.Equal("4711 0", await IdsAsync(security => security.RunAsUser = new Int64Value { Value = 4711 }));

    [Fact]
    public async Task Container_WithRunAsUserOfPasswd_HasTheUsersGroups() =>
        Assert.Equal("33 33 33 4242", await GroupsAsync(security => security.RunAsUser = new Int64Value { Value = 33 }));

    [Fact]
    public async Task Container_WithRunAsUserAndGroup_HasBoth() =>
        Assert.Equal("4711 4712", await IdsAsync(security =>
        {
            security.RunAsUser = new Int64Value { Value = 4711 };
            security.RunAsGroup = new Int64Value { Value = 4712 };
        }));

    [Fact]
    public async Task Container_WithRunAsUsername_LooksItUpInTheImage() =>
        Assert.Equal("33 33", await IdsAsync(security => security.RunAsUsername = "web"));

    [Fact]
    public async Task Container_WithSupplementalGroups_HasThemToo() =>
        Assert.Equal("4711 0 0 5001 5002", await GroupsAsync(security =>
        {
            security.RunAsUser = new Int64Value { Value = 4711 };
            security.SupplementalGroups.Add([5001, 5002]);
        }));

    [Fact]
    public async Task Container_WithoutPrivilege_LacksSysAdminAndCannotWriteSys()
    {
        var output = await Pod.OutputAsync("grep CapEff /proc/self/status; mount -t tmpfs t /tmp 2>/dev/null || echo no mount; grep -c ' /sys sysfs ro' /proc/mounts");

        Assert.Contains("no mount\n1", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_Privileged_MayMountAndSeesTheHostsDevices()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.Privileged = true);

        var output = await pod.OutputAsync(
            "mount -t tmpfs t /tmp && echo mounted; ls /dev | wc -l", config => config.Linux.SecurityContext.Privileged = true);

        var lines = output.Split('\n');
        Assert.Equal("mounted", lines[0]);
        Assert.True(int.Parse(lines[1]) > 20, output);
    }

    [Fact]
    public async Task Container_WithCapabilities_HasAddedAndLacksDropped()
    {
        var output = await Pod.OutputAsync("grep CapEff /proc/self/status", config =>
        {
            config.Linux.SecurityContext.Capabilities = new Capability
            {
                AddCapabilities = { "NET_ADMIN" },
                DropCapabilities = { "ALL" },
            };
        });

        Assert.EndsWith("0000000000001000", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_WithNoNewPrivs_HasTheFlag()
    {
        var output = await Pod.OutputAsync("grep NoNewPrivs /proc/self/status", config => config.Linux.SecurityContext.NoNewPrivs = true);

        Assert.EndsWith("1", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_WithMaskedAndReadonlyPaths_HasThemMounted()
    {
        var output = await Pod.OutputAsync("cat /proc/cpuinfo | wc -c; grep -c ' /proc/sys proc ro' /proc/mounts", config =>
        {
            config.Linux.SecurityContext.MaskedPaths.Add("/proc/cpuinfo");
            config.Linux.SecurityContext.ReadonlyPaths.Add("/proc/sys");
        });

        Assert.Equal("0\n1", output);
    }

    [Fact]
    public async Task Container_WithSeccompRuntimeDefault_IsFiltered()
    {
        var output = await Pod.OutputAsync("grep Seccomp: /proc/self/status", config =>
            config.Linux.SecurityContext.Seccomp = new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault });

        Assert.EndsWith("2", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_WithoutStdin_ReadsItsEnd() =>
        Assert.Equal("end", await Pod.OutputAsync("cat; echo end"));

    [Fact]
    public async Task Container_WithATerminal_HasOne()
    {
        var container = await Pod.StartScriptAsync("test -t 0 && test -t 1 && echo terminal", config => config.Tty = true);
        await container.ExitAsync();

        Assert.Equal("terminal", container.Output.TrimEnd('\r'));
    }

    private Task<string> IdsAsync(Action<LinuxContainerSecurityContext> change) =>
        Pod.OutputAsync("echo $(id -u) $(id -g)", config => change(config.Linux.SecurityContext));

    private async Task<string> GroupsAsync(Action<LinuxContainerSecurityContext> change)
    {
        var output = await Pod.OutputAsync("echo $(id -u) $(id -g); id -G", config => change(config.Linux.SecurityContext));
        var lines = output.Split('\n');
        return $"{lines[0]} {string.Join(' ', lines[1].Split(' ').Distinct().Order(StringComparer.Ordinal))}";
    }

    private async Task<string> RunAsync(string[] command, string[] args)
    {
        var reference = await Cri.PullAsync(new TestImage { Name = "entrypoint:v1", Entrypoint = ["/bin/echo", "entry:"], Cmd = ["from-cmd"] });
        var container = await Pod.StartAsync(command, config =>
        {
            config.Image.Image = reference;
            config.Args.Add(args);
        });
        await container.ExitAsync();
        return container.Output;
    }
}
