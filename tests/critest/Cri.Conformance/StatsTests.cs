using System.Net.Sockets;
using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

[Trait("Depends", "cgroup")]
public sealed class StatsTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task ContainerStats_OfARunningContainer_HasAttributesCpuAndMemory()
    {
        var container = await Pod.StartScriptAsync("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; sleep 1000");
        await container.LoggedAsync("done");

        var stats = await Eventually.GetAsync(container.StatsAsync, stats => stats?.Cpu is not null, "there are stats");

        Assert.Equal(container.Id, stats.Attributes.Id);
        Assert.Equal(container.Config.Metadata, stats.Attributes.Metadata);
        Assert.Equal(container.Config.Labels, stats.Attributes.Labels);
        Assert.True(stats.Cpu.Timestamp > 0);
        Assert.True(stats.Cpu.UsageCoreNanoSeconds.Value > 10_000_000, $"{stats.Cpu.UsageCoreNanoSeconds}");
        Assert.InRange(stats.Memory.WorkingSetBytes.Value, 1u, 64u << 20);
    }

    [Fact]
    public async Task ContainerStats_OfAContainerThatWrote_CountsItsWritableLayer()
    {
        var container = await Pod.StartScriptAsync("head -c 3000000 /dev/urandom >/big; echo done; sleep 1000");
        await container.LoggedAsync("done");

        // Runtimes may collect usage on a timer of their own.
        var stats = await Eventually.GetAsync(
            container.StatsAsync, stats => stats.WritableLayer?.UsedBytes?.Value >= 3_000_000, "the written bytes are counted");

        Assert.True(stats.WritableLayer.InodesUsed.Value > 0);
        Assert.NotEmpty(stats.WritableLayer.FsId.Mountpoint);
    }

    [Fact]
    public async Task ListContainerStats_FilteredByPod_HasItsRunningContainers()
    {
        var pod = await RunPodAsync();
        var first = await pod.StartAsync(["sleep", "1000"]);
        var second = await pod.StartAsync(["sleep", "1000"]);

        var list = await Cri.Runtime.ListContainerStatsAsync(
            new ListContainerStatsRequest { Filter = new ContainerStatsFilter { PodSandboxId = pod.Id } });

        Assert.Equal(((string[])[first.Id, second.Id]).Order(), list.Stats.Select(stats => stats.Attributes.Id).Order());
    }

    [Fact]
    public async Task ListContainerStats_FilteredByIdAndLabel_HasOnlyThatOne()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], config => config.Labels["stats"] = "mine");
        var filter = new ContainerStatsFilter { Id = container.Id };
        filter.LabelSelector["stats"] = "mine";

        var list = await Cri.Runtime.ListContainerStatsAsync(new ListContainerStatsRequest { Filter = filter });

        Assert.Equal(container.Id, Assert.Single(list.Stats).Attributes.Id);
    }

    [Fact]
    public async Task ContainerStats_OfAnUnknownContainer_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, "no-such-container", async () =>
            await Cri.Runtime.ContainerStatsAsync(new ContainerStatsRequest { ContainerId = "no-such-container" }));

    [Fact]
    public async Task ContainerStats_ReadTwice_HasTheRateBetween()
    {
        var container = await Pod.StartScriptAsync("while :; do :; done");
        await Eventually.GetAsync(container.StatsAsync, stats => stats?.Cpu is not null, "there are stats");

        var stats = await Eventually.GetAsync(container.StatsAsync, stats => stats.Cpu.UsageNanoCores?.Value > 0, "there is a rate");

        // Far more than there can be: the kernel's count and the clock are read one after the other, with who knows what between.
        Assert.InRange(stats.Cpu.UsageNanoCores.Value, 1u, (ulong)Environment.ProcessorCount * 100_000_000_000);
        await container.StopAsync(0);
    }

    [Fact]
    public async Task ContainerStats_WithAMemoryLimit_HasWhatIsAvailable()
    {
        var container = await Pod.StartAsync(["sleep", "1000"], config =>
            config.Linux.Resources = new LinuxContainerResources { MemoryLimitInBytes = 64 << 20 });

        var memory = (await Eventually.GetAsync(container.StatsAsync, stats => stats?.Memory is not null, "there are stats")).Memory;

        Assert.Equal((64ul << 20) - memory.WorkingSetBytes.Value, memory.AvailableBytes.Value);
        Assert.True(memory.UsageBytes.Value >= memory.WorkingSetBytes.Value);
        Assert.NotNull(memory.RssBytes);
        Assert.True(memory.PageFaults.Value > 0);
        Assert.NotNull(memory.MajorPageFaults);
    }

    [CrispdFact]
    public async Task ContainerStats_OfAContainerThatDoesNotRun_HasAttributesOnly()
    {
        var container = await Pod.CreateAsync(["true"]);

        var stats = await container.StatsAsync();

        Assert.Equal(container.Id, stats.Attributes.Id);
        Assert.Null(stats.Cpu);
        Assert.Null(stats.Memory);
    }

    [Fact]
    public async Task PodSandboxStats_OfAPodWithContainers_HasThemAndWhatThePodUses()
    {
        var pod = await RunPodAsync(config => config.Labels["stats"] = "pod");
        var first = await pod.StartScriptAsync("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; sleep 1000");
        var second = await pod.StartAsync(["sleep", "1000"]);
        await first.LoggedAsync("done");

        var stats = await PodStatsAsync(pod);

        Assert.Equal(pod.Id, stats.Attributes.Id);
        Assert.Equal(pod.Config.Metadata, stats.Attributes.Metadata);
        Assert.Equal("pod", stats.Attributes.Labels["stats"]);
        Assert.Equal(((string[])[first.Id, second.Id]).Order(), stats.Linux.Containers.Select(container => container.Attributes.Id).Order());
        Assert.True(stats.Linux.Cpu.UsageCoreNanoSeconds.Value >= stats.Linux.Containers.Max(container => container.Cpu.UsageCoreNanoSeconds.Value));
        Assert.True(stats.Linux.Memory.UsageBytes.Value > 0);
        Assert.True(stats.Linux.Memory.WorkingSetBytes.Value > 0);
        Assert.True(stats.Linux.Process.ProcessCount.Value >= 2);
    }

    [Fact]
    public async Task PodSandboxStats_OfAPodThatIsSentTo_CountsItOnItsInterface()
    {
        var pod = await RunPodAsync();
        await pod.StartAsync(["sleep", "1000"]);
        var before = (await PodStatsAsync(pod)).Linux.Network.DefaultInterface.RxBytes.Value;
        using var socket = new UdpClient();
        var address = (await pod.StatusAsync()).Network.Ip;

        // Again and again: nobody promises that a datagram arrives.
        var stats = await Eventually.GetAsync(
            async () =>
            {
                await socket.SendAsync(new byte[1000], address, 9);
                return await PodStatsAsync(pod);
            },
            stats => stats.Linux.Network.DefaultInterface.RxBytes.Value >= before + 1000, "it is counted");
        var network = stats.Linux.Network;
        Assert.Equal("eth0", network.DefaultInterface.Name);
        Assert.Contains(network.DefaultInterface, network.Interfaces);
        Assert.DoesNotContain(network.Interfaces, one => one.Name == "lo");
        Assert.NotNull(network.DefaultInterface.TxBytes);
        Assert.Equal(0u, network.DefaultInterface.RxErrors.Value);
    }

    [CrispdFact]
    public async Task PodSandboxStats_OfAPodWithoutACgroup_AddsItsContainersUp()
    {
        var pod = await RunPodAsync(config => config.Linux.CgroupParent = "");
        await pod.StartAsync(["sleep", "1000"]);

        var stats = await PodStatsAsync(pod);

        var container = Assert.Single(stats.Linux.Containers);
        Assert.Equal(container.Cpu.UsageCoreNanoSeconds.Value, stats.Linux.Cpu.UsageCoreNanoSeconds.Value);
        Assert.Equal(container.Memory.UsageBytes.Value, stats.Linux.Memory.UsageBytes.Value);
        Assert.Equal(1u, stats.Linux.Process.ProcessCount.Value);
    }

    [CrispdFact]
    public async Task PodSandboxStats_OfAHostNetworkPod_HasNoNetwork()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node);
        await pod.StartAsync(["sleep", "1000"]);

        Assert.Null((await PodStatsAsync(pod)).Linux.Network);
    }

    [CrispdFact]
    public async Task PodSandboxStats_OfAStoppedPod_IsFailedPrecondition()
    {
        var pod = await RunPodAsync();
        await pod.StopAsync();

        await FailsAsync(StatusCode.FailedPrecondition, pod.Id, () => PodStatsAsync(pod));
    }

    [Fact]
    public async Task ListPodSandboxStats_FilteredByLabel_HasTheReadyPodsThatBearIt()
    {
        var label = Guid.NewGuid().ToString();
        var ready = await RunPodAsync(config => config.Labels["stats"] = label);
        var stopped = await RunPodAsync(config => config.Labels["stats"] = label);
        await ready.StartAsync(["sleep", "1000"]);
        await stopped.StopAsync();
        var filter = new PodSandboxStatsFilter();
        filter.LabelSelector["stats"] = label;

        var list = await Cri.Runtime.ListPodSandboxStatsAsync(new ListPodSandboxStatsRequest { Filter = filter });

        Assert.Equal(ready.Id, Assert.Single(list.Stats).Attributes.Id);
    }

    private async Task<PodSandboxStats> PodStatsAsync(TestPod pod) =>
        (await Cri.Runtime.PodSandboxStatsAsync(new PodSandboxStatsRequest { PodSandboxId = pod.Id })).Stats;
}
