using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class ResourceUpdateTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private const string MemoryLimit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max";
    private const string CpuQuota =
        "{ cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max; } | tr '\\n' ' '";

    private TestPod Pod => fixture.Pod;

    [Fact]
    [Trait("Depends", "cgroup")]
    public async Task UpdateContainerResources_OfARunningContainer_ChangesItsCgroup()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], Limited(new LinuxContainerResources { MemoryLimitInBytes = 64 << 20 }));

        await UpdateAsync(container, new LinuxContainerResources { MemoryLimitInBytes = 96 << 20, CpuQuota = 30_000, CpuPeriod = 100_000 });

        Assert.Equal($"{96 << 20}", await container.ShellAsync(MemoryLimit));
        Assert.Equal("30000 100000", (await container.ShellAsync(CpuQuota)).Trim());
    }

    [Fact]
    [Trait("Depends", "cgroup")]
    public async Task UpdateContainerResources_OfACreatedContainer_HoldsWhenItStarts()
    {
        var container = await Pod.CreateAsync(["sleep", "1000"], Limited(new LinuxContainerResources { MemoryLimitInBytes = 64 << 20 }));

        await UpdateAsync(container, new LinuxContainerResources { MemoryLimitInBytes = 48 << 20 });
        await container.StartAsync();

        Assert.Equal($"{48 << 20}", await container.ShellAsync(MemoryLimit));
    }

    [Fact]
    [Trait("Depends", "cgroup")]
    public async Task UpdateContainerResources_Zeroes_LeaveTheRestAlone()
    {
        var container = await Pod.StartAsync(
            ["sleep", "1000"], Limited(new LinuxContainerResources { MemoryLimitInBytes = 64 << 20, CpuShares = 512 }));

        await UpdateAsync(container, new LinuxContainerResources { CpuQuota = 40_000, CpuPeriod = 100_000 });

        Assert.Equal($"{64 << 20}", await container.ShellAsync(MemoryLimit));
        var resources = (await container.StatusAsync()).Resources.Linux;
        Assert.Equal((64 << 20, 512, 40_000, 100_000), (resources.MemoryLimitInBytes, resources.CpuShares, resources.CpuQuota, resources.CpuPeriod));
    }

    [Fact]
    public async Task UpdateContainerResources_Cpuset_Moves()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        await UpdateAsync(container, new LinuxContainerResources { CpusetCpus = "0", CpusetMems = "0" });

        Assert.Equal("0", await container.ShellAsync("grep Cpus_allowed_list /proc/self/status | cut -f2"));
    }

    [Fact]
    [Trait("Depends", "cgroup")]
    public async Task UpdateContainerResources_NoLimit_LiftsTheQuota()
    {
        var container = await Pod.StartAsync(
            ["sleep", "1000"], Limited(new LinuxContainerResources { CpuQuota = 20_000, CpuPeriod = 100_000 }));

        await UpdateAsync(container, new LinuxContainerResources { CpuQuota = -1 });

        Assert.Matches("^(-1|max) 100000$", (await container.ShellAsync(CpuQuota)).Trim());
    }

    [CrispdFact]
    [Trait("Depends", "cgroup")]
    public async Task UpdateContainerResources_OomScore_ReachesEveryProcess()
    {
        var container = await Pod.StartAsync(["sh", "-c", "sleep 1000 & wait"], Limited(new LinuxContainerResources { OomScoreAdj = 500 }));
        await Eventually.GetAsync(async () => (await container.ExecAsync(["pidof", "sleep"])).ExitCode, code => code == 0, "the second process runs");

        await UpdateAsync(container, new LinuxContainerResources { OomScoreAdj = 800 });

        Assert.Equal("800\n800", await container.ShellAsync("cat /proc/1/oom_score_adj /proc/$(pidof sleep)/oom_score_adj"));
    }

    [CrispdFact]
    [Trait("Depends", "cgroup")]
    public async Task UpdateContainerResources_HugepagesOfZero_AreTakenWithoutAController()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        await UpdateAsync(container, new LinuxContainerResources
        {
            CpuShares = 300,
            HugepageLimits = { new HugepageLimit { PageSize = "2MB" }, new HugepageLimit { PageSize = "1GB" } },
        });

        Assert.Equal(300, (await container.StatusAsync()).Resources.Linux.CpuShares);
    }

    [CrispdFact]
    public async Task UpdateContainerResources_ValueOutOfRange_IsRefusedAndChangesNothing()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], Limited(new LinuxContainerResources { CpuShares = 512 }));

        await FailsAsync(StatusCode.InvalidArgument, "cpuset_cpus", () => UpdateAsync(container, new LinuxContainerResources { CpusetCpus = "x", CpuShares = 100 }));

        Assert.Equal(512, (await container.StatusAsync()).Resources.Linux.CpuShares);
    }

    [CrispdFact]
    public async Task UpdateContainerResources_WhatTheRuntimeRefuses_HasItsWordsAndChangesNothing()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], Limited(new LinuxContainerResources { CpuShares = 512 }));

        await FailsAsync(StatusCode.Unknown, container.Id, () => UpdateAsync(container, new LinuxContainerResources { CpusetCpus = "4000", CpuShares = 100 }));

        Assert.Equal(512, (await container.StatusAsync()).Resources.Linux.CpuShares);
    }

    [CrispdFact]
    public async Task UpdateContainerResources_OfAnExitedContainer_IsAFailedPrecondition()
    {
        var container = await Pod.StartAsync(["true"]);
        await container.ExitAsync();

        await FailsAsync(StatusCode.FailedPrecondition, "CONTAINER_EXITED", () => UpdateAsync(container, new LinuxContainerResources { CpuShares = 100 }));
    }

    [Fact]
    public Task UpdateContainerResources_OfAnUnknownContainer_IsNotFound() => FailsAsync(
        StatusCode.NotFound,
        "nowhere",
        async () => await Cri.Runtime.UpdateContainerResourcesAsync(
            new UpdateContainerResourcesRequest { ContainerId = "nowhere", Linux = new LinuxContainerResources { CpuShares = 2 } }));

    [CrispdFact]
    public async Task UpdateContainerResources_Annotations_StandInTheRuntimeSpecOnly()
    {
        var container = await Pod.CreateAsync(["true"]);

        await Cri.Runtime.UpdateContainerResourcesAsync(new UpdateContainerResourcesRequest
        {
            ContainerId = container.Id,
            Linux = new LinuxContainerResources { CpuShares = 100 },
            Annotations = { ["example.com/class"] = "gold" },
        });

        var answer = await Cri.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = container.Id, Verbose = true });
        Assert.Contains("\"example.com/class\":\"gold\"", answer.Info["info"], StringComparison.Ordinal);
        Assert.Empty(answer.Status.Annotations);
    }

    [Fact]
    public async Task UpdatePodSandboxResources_OfAReadyPod_IsTaken()
    {
        await Cri.Runtime.UpdatePodSandboxResourcesAsync(new UpdatePodSandboxResourcesRequest
        {
            PodSandboxId = Pod.Id,
            Overhead = new LinuxContainerResources { MemoryLimitInBytes = 10 << 20 },
            Resources = new LinuxContainerResources { CpuShares = 2048 },
        });

        Assert.Equal(PodSandboxState.SandboxReady, (await Pod.StatusAsync()).State);
    }

    [Fact]
    public Task UpdatePodSandboxResources_OfAnUnknownPod_IsNotFound() => FailsAsync(
        StatusCode.NotFound,
        "nowhere",
        async () => await Cri.Runtime.UpdatePodSandboxResourcesAsync(new UpdatePodSandboxResourcesRequest { PodSandboxId = "nowhere" }));

    [Fact]
    [Trait("Depends", "cgroup")]
    public async Task RuntimeConfig_Driver_IsTheOneThatPodsAreMadeWith()
    {
        var config = await Cri.Runtime.RuntimeConfigAsync(new RuntimeConfigRequest());
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var paths = await File.ReadAllTextAsync($"/proc/{await container.PidAsync()}/cgroup");

        Assert.Equal(config.Linux.CgroupDriver == CgroupDriver.Systemd, paths.Contains($"{container.Id}.scope", StringComparison.Ordinal));
    }

    private static Action<ContainerConfig> Limited(LinuxContainerResources resources) => config => config.Linux.Resources = resources;

    private async Task UpdateAsync(TestContainer container, LinuxContainerResources resources) =>
        await Cri.Runtime.UpdateContainerResourcesAsync(new UpdateContainerResourcesRequest { ContainerId = container.Id, Linux = resources });
}
