using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

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
        var container = await Pod.StartScriptAsync("head -c 3000000 /dev/urandom >/big; sync; echo done; sleep 1000");
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
}
