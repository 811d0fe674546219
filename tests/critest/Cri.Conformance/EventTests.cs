using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class EventTests : ConformanceTest
{
    private const ContainerEventType Created = ContainerEventType.ContainerCreatedEvent;
    private const ContainerEventType Started = ContainerEventType.ContainerStartedEvent;
    private const ContainerEventType Stopped = ContainerEventType.ContainerStoppedEvent;
    private const ContainerEventType Deleted = ContainerEventType.ContainerDeletedEvent;

    [Fact]
    public async Task GetContainerEvents_OfAPodsWholeLife_TellsEachChangeOnceInOrder()
    {
        await using var reader = await SubscribeAsync();
        var pod = await RunPodAsync();
        var container = await pod.StartScriptAsync("exit 3");
        await reader.UntilAsync(pod, container.Id, Stopped);
        await container.RemoveAsync();
        await pod.StopAsync();
        await pod.StopAsync();
        await pod.RemoveAsync();
        await reader.UntilAsync(pod, pod.Id, Deleted);

        Assert.Equal(
            [
                (pod.Id, Created), (pod.Id, Started),
                (container.Id, Created), (container.Id, Started), (container.Id, Stopped), (container.Id, Deleted),
                (pod.Id, Stopped), (pod.Id, Deleted),
            ],
            reader.Of(pod).Select(next => (next.ContainerId, next.ContainerEventType)));
    }

    [Fact]
    public async Task GetContainerEvents_EachEvent_CarriesThePodAsItIsThen()
    {
        await using var reader = await SubscribeAsync();
        var pod = await RunPodAsync(config => config.Labels["tier"] = "events");
        var other = await pod.StartAsync(["sleep", "1000"]);
        var container = await pod.StartScriptAsync("exit 3");
        var stopped = await reader.UntilAsync(pod, container.Id, Stopped);
        var started = await reader.UntilAsync(pod, container.Id, Started);

        Assert.Equal(pod.Config.Metadata, started.PodSandboxStatus.Metadata);
        Assert.Equal("events", started.PodSandboxStatus.Labels["tier"]);
        Assert.Equal(PodSandboxState.SandboxReady, started.PodSandboxStatus.State);
        Assert.Equal(((string[])[other.Id, container.Id]).Order(), started.ContainersStatuses.Select(status => status.Id).Order());
        var exited = stopped.ContainersStatuses.Single(status => status.Id == container.Id);
        Assert.Equal((ContainerState.ContainerExited, 3, "Error"), (exited.State, exited.ExitCode, exited.Reason));
        Assert.Equal(ContainerState.ContainerRunning, stopped.ContainersStatuses.Single(status => status.Id == other.Id).State);
    }

    [Fact]
    public async Task GetContainerEvents_OfARemovedPod_CarriesItWithoutContainers()
    {
        await using var reader = await SubscribeAsync();
        var pod = await RunPodAsync();
        await pod.StartAsync(["sleep", "1000"]);
        await pod.RemoveAsync();

        var deleted = await reader.UntilAsync(pod, pod.Id, Deleted);

        Assert.Equal(pod.Id, deleted.PodSandboxStatus.Id);
        Assert.Equal(PodSandboxState.SandboxNotready, deleted.PodSandboxStatus.State);
        Assert.Empty(deleted.ContainersStatuses);
    }

    [Fact]
    public async Task GetContainerEvents_TimesOfAPodsEvents_Increase()
    {
        await using var reader = await SubscribeAsync();
        var pod = await RunPodAsync();
        var container = await pod.StartScriptAsync("true");
        await reader.UntilAsync(pod, container.Id, Stopped);

        var times = reader.Of(pod).Select(next => next.CreatedAt).ToList();

        Assert.Equal(times.Distinct().Order(), times);
    }

    [CrispdFact]
    public async Task GetContainerEvents_OfAContainerThatCannotStart_TellsItsStop()
    {
        await using var reader = await SubscribeAsync();
        var pod = await RunPodAsync();
        var container = await pod.CreateAsync(["/no/such/program"]);
        await Assert.ThrowsAnyAsync<Exception>(container.StartAsync);

        var stopped = await reader.UntilAsync(pod, container.Id, Stopped);

        Assert.Equal("StartError", Assert.Single(stopped.ContainersStatuses).Reason);
        Assert.DoesNotContain(reader.Of(pod), next => next.ContainerId == container.Id && next.ContainerEventType == Started);
    }

    [Fact]
    public async Task GetContainerEvents_WithTwoReaders_TellsBothTheSame()
    {
        await using var first = await SubscribeAsync();
        await using var second = await SubscribeAsync();
        var pod = await RunPodAsync();
        var container = await pod.StartScriptAsync("true");
        await first.UntilAsync(pod, container.Id, Stopped);
        await second.UntilAsync(pod, container.Id, Stopped);

        Assert.Equal(first.Of(pod), second.Of(pod));
    }

    [Fact]
    public async Task GetContainerEvents_WhoseReaderLeaves_DoesNotDisturbOthers()
    {
        await using var stays = await SubscribeAsync();
        var leaves = await SubscribeAsync();
        await leaves.DisposeAsync();

        var pod = await RunPodAsync();

        await stays.UntilAsync(pod, pod.Id, Started);
    }

    [CrispdFact]
    public async Task GetContainerEvents_WhoseReaderDoesNotRead_GivesAllUpToItsEndWithResourceExhausted()
    {
        // Large events, which must not be where other tests read theirs.
        await using var own = await CriEndpoint.StartAsync();
        using var call = own.Runtime.GetContainerEvents(new GetEventsRequest());
        await using var pod = await TestPod.RunAsync(own);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var created = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            var container = await pod.CreateAsync(["true"], config => config.Annotations["note"] = new string('x', (2 << 20) - 4096));
            created.Add(container.Id);
            await container.RemoveAsync();
        }

        var told = new List<string>();
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                told.AddRange(call.ResponseStream.Current.ContainerEventType == Created ? [call.ResponseStream.Current.ContainerId] : []);
            }
        });

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("too slow", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(created.Take(told.Count), told);
        Assert.InRange(told.Count, 1, created.Count - 1);
    }

    // The stream's headers come at once, but no reader of events can tell when; an event of its own can.
    private async Task<EventReader> SubscribeAsync()
    {
        var reader = new EventReader(Cri);
        var probe = await RunPodAsync();
        while (true)
        {
            var container = await probe.CreateAsync(["true"]);
            await container.RemoveAsync();
            if (reader.Of(probe).Count > 0)
            {
                return reader;
            }

            await Task.Delay(20);
        }
    }
}
