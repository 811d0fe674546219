using Cri.Api.V1;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Conformance;

[Trait("Depends", "cgroup")]
public sealed class ResourceTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private const string MemoryLimit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max";

    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task Container_WithAMemoryLimit_HasItInItsCgroup()
    {
        var output = await Pod.OutputAsync(MemoryLimit, Limited(new LinuxContainerResources { MemoryLimitInBytes = 64 << 20 }));

        Assert.Equal($"{64 << 20}", output);
    }

    [Fact]
    public async Task Container_WithAMemoryLimit_HasItWhereTheHostLooks()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], Limited(new LinuxContainerResources { MemoryLimitInBytes = 48 << 20 }));

        // A runtime may use the container's cgroup or one below it.
        var limits = CgroupTree.Files(container.Id, "memory.limit_in_bytes").Concat(CgroupTree.Files(container.Id, "memory.max"));

        Assert.Contains($"{48 << 20}", limits.Select(file => File.ReadAllText(file).Trim()));
    }

    [Fact]
    public async Task Container_OverItsMemoryLimit_IsKilledEveryTime()
    {
        var limit = Limited(new LinuxContainerResources { MemoryLimitInBytes = 20 << 20, MemorySwapLimitInBytes = 20 << 20 });
        for (var round = 0; round < 3; round++)
        {
            var status = await (await Pod.StartScriptAsync("exec tail -c 200000000 /dev/zero", limit)).ExitAsync();

            Assert.Equal(137, status.ExitCode);
            Assert.True(status.Reason == "OOMKilled" || Cri.Crispd is null, status.Reason);
        }
    }

    [Fact]
    public async Task StopContainer_BesideOneThatWasKilledForMemory_IsNotCalledOomKilled()
    {
        var pod = await RunPodAsync();
        var limit = Limited(new LinuxContainerResources { MemoryLimitInBytes = 20 << 20, MemorySwapLimitInBytes = 20 << 20 });
        var beside = await pod.StartAsync(["sleep", "1000"], limit);
        await (await pod.StartScriptAsync("exec tail -c 200000000 /dev/zero", limit)).ExitAsync();

        await beside.StopAsync(0);

        var status = await beside.StatusAsync();
        Assert.Equal((137, "Error"), (status.ExitCode, status.Reason));
    }

    [Fact]
    public async Task Container_WithACpuQuota_HasItInItsCgroup()
    {
        var output = await Pod.OutputAsync(
            "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max",
            Limited(new LinuxContainerResources { CpuQuota = 20_000, CpuPeriod = 100_000 }));

        Assert.Equal("20000 100000", output.Replace('\n', ' '));
    }

    [Fact]
    public async Task Container_OverItsMemoryLimit_IsKilledAndSaysSo()
    {
        var container = await Pod.StartScriptAsync(
            "tail -c 200000000 /dev/zero >/dev/null", Limited(new LinuxContainerResources { MemoryLimitInBytes = 20 << 20, MemorySwapLimitInBytes = 20 << 20 }));

        var status = await container.ExitAsync();

        // A shell reports a killed child's signal as its own exit code.
        Assert.Equal(137, status.ExitCode);
        Assert.True(status.Reason == "OOMKilled" || Cri.Crispd is null, status.Reason);
    }

    [Fact]
    public async Task Container_WithAnOomScore_HasIt()
    {
        var output = await Pod.OutputAsync("cat /proc/self/oom_score_adj", Limited(new LinuxContainerResources { OomScoreAdj = 900 }));

        Assert.Equal("900", output);
    }

    [Fact]
    public async Task Container_InAPodWithACgroupParent_LivesBelowIt()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var parents = CgroupTree.Named(container.Id).Select(Path.GetDirectoryName).ToList();

        Assert.NotEmpty(parents);
        Assert.All(parents, parent => Assert.EndsWith(Pod.Config.Linux.CgroupParent, parent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ContainerStatus_OfALimitedContainer_ShowsItsResources()
    {
        var container = await Pod.CreateAsync(["true"], Limited(new LinuxContainerResources { MemoryLimitInBytes = 64 << 20, CpuShares = 512 }));

        var resources = (await container.StatusAsync()).Resources?.Linux;

        Assert.Equal((64 << 20, 512), (resources?.MemoryLimitInBytes, resources?.CpuShares));
    }

    private static Action<ContainerConfig> Limited(LinuxContainerResources resources) => config => config.Linux.Resources = resources;
}
