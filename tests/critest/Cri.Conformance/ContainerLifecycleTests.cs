using Cri.Api.V1;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

[Trait("Depends", "cgroup")]
public sealed class ContainerLifecycleTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task CreateContainer_ThenStatus_ShowsWhatWasAskedFor()
    {
        var container = await Pod.CreateAsync(["sleep", "1000"], config =>
        {
            config.Metadata.Attempt = 2;
            config.Labels["app"] = "web";
            config.Annotations["note"] = "any text";
        });

        var status = await container.StatusAsync();

        Assert.Equal(container.Id, status.Id);
        Assert.Equal(container.Config.Metadata, status.Metadata);
        Assert.Equal(container.Config.Labels, status.Labels);
        Assert.Equal(container.Config.Annotations, status.Annotations);
        Assert.Equal(Cri.Busybox, status.Image.Image);
        Assert.NotEmpty(status.ImageRef);
        Assert.Equal(container.LogPath, status.LogPath);
    }

    [Fact]
    public async Task Container_ThroughItsLife_HasStatesAndTimes()
    {
        var container = await Pod.CreateAsync(["sleep", "1000"]);
        var created = await container.StatusAsync();
        await container.StartAsync();
        var running = await container.StatusAsync();
        await container.StopAsync(0);
        var exited = await container.StatusAsync();

        Assert.Equal((ContainerState.ContainerCreated, 0, 0), (created.State, created.StartedAt, created.FinishedAt));
        Assert.Equal((ContainerState.ContainerRunning, 0), (running.State, running.FinishedAt));
        Assert.Equal(ContainerState.ContainerExited, exited.State);
        Assert.True(created.CreatedAt > 0);
        Assert.True(running.StartedAt > created.CreatedAt);
        Assert.True(exited.FinishedAt > running.StartedAt);
        Assert.Equal((created.CreatedAt, running.StartedAt), (exited.CreatedAt, exited.StartedAt));
    }

    [Theory]
    [InlineData(0, "Completed")]
    [InlineData(1, "Error")]
    [InlineData(77, "Error")]
    public async Task Container_ThatExits_HasItsCodeAndReason(int code, string reason)
    {
        var container = await Pod.StartScriptAsync($"exit {code}");

        var status = await container.ExitAsync();

        Assert.Equal((code, reason), (status.ExitCode, status.Reason));
    }

    [Fact]
    public async Task Container_KilledByASignal_HasTheCode128PlusSignal()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        await container.StopAsync(0);

        Assert.Equal(137, (await container.StatusAsync()).ExitCode);
    }

    [Fact]
    public async Task StopContainer_OfOneThatHandlesTerm_LetsItEndByItself()
    {
        var container = await Pod.StartScriptAsync("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done");
        await container.LoggedAsync("ready");

        await container.StopAsync(600);

        Assert.Equal(3, (await container.StatusAsync()).ExitCode);
        Assert.Equal("ready\nbye", container.Output);
    }

    [Fact]
    public async Task StopContainer_OfOneThatIgnoresTerm_KillsItAfterTheTimeout()
    {
        var container = await Pod.StartScriptAsync("trap '' TERM; echo ready; while :; do sleep 0.1; done");
        await container.LoggedAsync("ready");

        await container.StopAsync(1);

        Assert.Equal(137, (await container.StatusAsync()).ExitCode);
    }

    [Fact]
    public async Task StopContainer_OfAnImageWithAStopSignal_SendsThatSignal()
    {
        var reference = await Cri.PullAsync(new TestImage { Name = "stop-signal:v1", StopSignal = "SIGUSR1" });
        var container = await Pod.StartScriptAsync(
            "trap 'exit 10' USR1; trap 'exit 15' TERM; echo ready; while :; do sleep 0.1; done", config => config.Image.Image = reference);
        await container.LoggedAsync("ready");

        await container.StopAsync(600);

        Assert.Equal(10, (await container.StatusAsync()).ExitCode);
    }

    [Fact]
    public async Task StopContainer_OfAnExitedOne_IsNoErrorAndKeepsTheCode()
    {
        var container = await Pod.StartScriptAsync("exit 5");
        await container.ExitAsync();

        await container.StopAsync(10);
        await container.StopAsync(0);

        Assert.Equal(5, (await container.StatusAsync()).ExitCode);
    }

    [Fact]
    public async Task RemoveContainer_OfARunningOne_RemovesIt()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        await container.RemoveAsync();

        await FailsAsync(StatusCode.NotFound, container.Id, container.StatusAsync);
    }

    [Fact]
    public async Task RemoveContainer_OfACreatedOne_RemovesIt()
    {
        var container = await Pod.CreateAsync(["true"]);

        await container.RemoveAsync();

        await FailsAsync(StatusCode.NotFound, container.Id, container.StatusAsync);
    }

    [Fact]
    public async Task RemoveContainer_Twice_IsNoError()
    {
        var container = await Pod.CreateAsync(["true"]);

        await container.RemoveAsync();
        await container.RemoveAsync();
    }

    [Fact]
    public async Task StartContainer_Twice_IsAnError()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var error = await Assert.ThrowsAsync<RpcException>(container.StartAsync);

        Assert.Contains(container.Id, error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
    }

    [Fact]
    public async Task ListContainers_ByIdPrefix_HasTheContainer()
    {
        var container = await Pod.CreateAsync(["true"]);

        Assert.Equal([container.Id], await IdsAsync(new ContainerFilter { Id = container.Id[..13] }));
    }

    [Fact]
    public async Task ListContainers_ByPod_HasOnlyThatPodsContainers()
    {
        var other = await RunPodAsync();
        var container = await other.CreateAsync(["true"]);

        Assert.Equal([container.Id], await IdsAsync(new ContainerFilter { PodSandboxId = other.Id }));
    }

    [Fact]
    public async Task ListContainers_ByState_TellsThemApart()
    {
        var pod = await RunPodAsync();
        var created = await pod.CreateAsync(["true"]);
        var running = await pod.StartAsync(["sleep", "1000"]);
        var exited = await pod.StartAsync(["true"]);
        await exited.ExitAsync();

        Assert.Equal([created.Id], await IdsAsync(Of(ContainerState.ContainerCreated)));
        Assert.Equal([running.Id], await IdsAsync(Of(ContainerState.ContainerRunning)));
        Assert.Equal([exited.Id], await IdsAsync(Of(ContainerState.ContainerExited)));

        ContainerFilter Of(ContainerState state) => new() { PodSandboxId = pod.Id, State = new ContainerStateValue { State = state } };
    }

    [Fact]
    public async Task ListContainers_ByLabels_NeedsAllOfThem()
    {
        var mark = Guid.NewGuid().ToString();
        var both = await Pod.CreateAsync(["true"], config =>
        {
            config.Labels["mark"] = mark;
            config.Labels["tier"] = "front";
        });
        await Pod.CreateAsync(["true"], config => config.Labels["mark"] = mark);
        var filter = new ContainerFilter();
        filter.LabelSelector.Add("mark", mark);
        filter.LabelSelector.Add("tier", "front");

        Assert.Equal([both.Id], await IdsAsync(filter));
    }

    [Fact]
    public async Task ListContainers_OfAllOverAndOver_ShowsEachChange()
    {
        var container = await Pod.CreateAsync(["sleep", "1000"]);
        Assert.Equal([ContainerState.ContainerCreated], await ListedAsync(container.Id));
        await container.StartAsync();
        Assert.Equal([ContainerState.ContainerRunning], await ListedAsync(container.Id));
        await container.StopAsync(0);
        Assert.Equal([ContainerState.ContainerExited], await ListedAsync(container.Id));
        await container.RemoveAsync();
        Assert.Equal([], await ListedAsync(container.Id));
    }

    [Fact]
    public async Task ListContainers_OfAContainer_ShowsItsFields()
    {
        var container = await Pod.CreateAsync(["true"], config => config.Annotations["a"] = "b");

        var list = await Cri.Runtime.ListContainersAsync(new ListContainersRequest { Filter = new ContainerFilter { Id = container.Id } });

        var item = Assert.Single(list.Containers);
        Assert.Equal(Pod.Id, item.PodSandboxId);
        Assert.Equal(container.Config.Metadata, item.Metadata);
        Assert.Equal(container.Config.Labels, item.Labels);
        Assert.Equal(container.Config.Annotations, item.Annotations);
        Assert.Equal(Cri.Busybox, item.Image.Image);
    }

    [CrispdFact]
    public async Task CreateContainer_TheSameTwice_GivesOneContainer()
    {
        var request = new CreateContainerRequest { PodSandboxId = Pod.Id, Config = Pod.NewContainer(["true"]), SandboxConfig = Pod.Config };

        var answers = await Task.WhenAll(
            Cri.Runtime.CreateContainerAsync(request).ResponseAsync, Cri.Runtime.CreateContainerAsync(request).ResponseAsync);

        Assert.Single(answers.Select(answer => answer.ContainerId).Distinct());
    }

    [Fact]
    public async Task CreateContainer_AfterTheSameNameWasRemoved_GivesANewOne()
    {
        var first = await Pod.CreateAsync(["true"]);
        await first.RemoveAsync();

        var second = await Pod.CreateAsync(["true"], config => config.Metadata = first.Config.Metadata.Clone());

        Assert.NotEqual(first.Id, second.Id);
    }

    // Asked for several times, since a runtime may answer the second time with what it has told the first time. No state for one that is not listed.
    private async Task<IEnumerable<ContainerState>> ListedAsync(string id)
    {
        var states = new HashSet<ContainerState>();
        for (var i = 0; i < 4; i++)
        {
            var list = await Cri.Runtime.ListContainersAsync(new ListContainersRequest());
            states.UnionWith(list.Containers.Where(container => container.Id == id).Select(container => container.State));
        }

        return states;
    }

    private async Task<IEnumerable<string>> IdsAsync(ContainerFilter filter) =>
        (await Cri.Runtime.ListContainersAsync(new ListContainersRequest { Filter = filter })).Containers.Select(container => container.Id);
}
