using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>Operations that get in each other's way: what they answer, and what is left and told afterwards.</summary>
public sealed class ConcurrencyTests : ConformanceTest
{
    private const int Rounds = 6;

    [CrispdFact]
    public async Task RemovePodSandbox_SeveralAtOnce_IsToldOnceAndTheNameIsFree()
    {
        await using var events = new EventReader(Cri);
        for (var round = 0; round < Rounds; round++)
        {
            var pod = await RunPodAsync(OnTheHost);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                await pod.RemoveAsync();
                await Cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = await RunAgainAsync(pod) });
            }));

            await events.UntilAsync(pod, pod.Id, ContainerEventType.ContainerDeletedEvent);
            var next = await RunPodAsync(OnTheHost);
            await events.UntilAsync(next, next.Id, ContainerEventType.ContainerStartedEvent);
            Assert.Single(events.Of(pod), told => told.ContainerEventType == ContainerEventType.ContainerDeletedEvent);
        }
    }

    [CrispdFact]
    public async Task StartContainer_WhileItsPodIsStopped_IsRefusedOrKilled()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var pod = await RunPodAsync(OnTheHost);
            var container = await pod.CreateAsync(["sleep", "1000"]);

            var start = CodeAsync(container.StartAsync);
            await Task.Delay(round * 8);
            await pod.StopAsync();

            var status = await container.StatusAsync();
            if (await start == StatusCode.OK)
            {
                Assert.Equal((ContainerState.ContainerExited, 137, "Error"), (status.State, status.ExitCode, status.Reason));
            }
            else
            {
                Assert.Equal((StatusCode.FailedPrecondition, ContainerState.ContainerCreated), (await start, status.State));
            }
        }
    }

    [CrispdFact]
    public async Task StartContainer_WhileItIsRemoved_IsDoneOrNotFoundAndNothingIsToldAfterwards()
    {
        await using var events = new EventReader(Cri);
        var pod = await RunPodAsync(OnTheHost);
        for (var round = 0; round < Rounds; round++)
        {
            var container = await pod.CreateAsync(["sleep", "1000"]);

            var removal = container.RemoveAsync();
            var codes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CodeAsync(container.StartAsync)));
            await removal;

            Assert.All(codes, code => Assert.True(code is StatusCode.OK or StatusCode.NotFound or StatusCode.FailedPrecondition, $"{code}"));
            await events.UntilAsync(pod, container.Id, ContainerEventType.ContainerDeletedEvent);
        }

        await pod.StopAsync();
        await events.UntilAsync(pod, pod.Id, ContainerEventType.ContainerStoppedEvent);
        Assert.All(
            events.Of(pod).Where(next => next.ContainerId != pod.Id).GroupBy(next => next.ContainerId),
            one => Assert.Equal(ContainerEventType.ContainerDeletedEvent, one.Last().ContainerEventType));
    }

    [CrispdFact]
    public async Task StartContainer_WhoseCallerGivesUp_GoesOn()
    {
        var pod = await RunPodAsync(OnTheHost);
        var container = await pod.CreateAsync(["sleep", "1000"]);
        using var patience = new CancellationTokenSource();

        var call = Cri.Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = container.Id }, cancellationToken: patience.Token);
        await Eventually.HoldsAsync(() => File.Exists(Path.Combine(Cri.Crispd!.PodDirectory(pod.Id), container.Id, "config.json")), "it has a bundle");
        await Task.Delay(20);
        await patience.CancelAsync();
        await CodeAsync(async () => await call);

        // The server takes the call before the client's end of it, or not at all: then it is still created.
        await Eventually.GetAsync(
            async () => await CodeAsync(container.StartAsync) is StatusCode.OK or StatusCode.FailedPrecondition ? (await container.StatusAsync()).State : default,
            state => state == ContainerState.ContainerRunning,
            "it runs");
    }

    [CrispdFact]
    public async Task ExecAndUpdate_WhileTheContainerIsStopped_AreDoneOrRefusedForThat()
    {
        var pod = await RunPodAsync(OnTheHost);
        for (var round = 0; round < Rounds; round++)
        {
            var container = await pod.StartAsync(["sleep", "1000"]);
            var resources = new LinuxContainerResources { MemoryLimitInBytes = 64 << 20 };
            var update = new UpdateContainerResourcesRequest { ContainerId = container.Id, Linux = resources };

            var calls = Enumerable.Range(0, 3).SelectMany(_ => new[]
            {
                CodeAsync(async () => await container.ExecAsync(["true"])),
                CodeAsync(async () => await Cri.Runtime.UpdateContainerResourcesAsync(update)),
                CodeAsync(async () => await Cri.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = container.Id })),
            }).ToList();
            await Task.Delay(round * 10);
            await container.StopAsync(0);

            Assert.All(await Task.WhenAll(calls), code => Assert.True(code is StatusCode.OK or StatusCode.FailedPrecondition, $"{code}"));
        }
    }

    [CrispdFact]
    public async Task StopPodSandbox_WhoseCallerGivesUp_LeavesNoRuleOfThePod()
    {
        var pods = await Task.WhenAll(Enumerable.Range(0, Rounds).Select(_ => RunPodAsync()));

        await Task.WhenAll(pods.Select(async (pod, number) =>
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(30 + (25 * number)));
            await CodeAsync(async () => await Cri.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod.Id }, cancellationToken: patience.Token));
            await pod.RemoveAsync();
        }));

        var rules = Command.Run("iptables-save", "-t", "nat").Split('\n');
        Assert.DoesNotContain(rules, rule => pods.Any(pod => rule.Contains(pod.Id, StringComparison.Ordinal)));
    }

    [CrispdFact]
    public async Task StopPodSandbox_WhoseCallerGivesUp_IsFinishedOrHasNotBegun()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var pod = await RunPodAsync(OnTheHost);
            var container = await pod.CreateAsync(["sleep", "1000"]);
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(1 + (4 * round)));

            await CodeAsync(async () => await Cri.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod.Id }, cancellationToken: patience.Token));
            var code = await CodeAsync(container.StartAsync);

            Assert.True(code is StatusCode.OK or StatusCode.FailedPrecondition, $"{code}");
            await pod.RemoveAsync();
            Assert.DoesNotContain($"pod sandbox {pod.Id}: its shim", Cri.Crispd!.Log, StringComparison.Ordinal);
        }
    }

    [CrispdFact]
    public async Task StopPodSandbox_WhoseCallerGivesUpDuringAStart_LetsTheStartBe()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var pod = await RunPodAsync(OnTheHost);
            var container = await pod.CreateAsync(["sleep", "1000"]);

            var start = CodeAsync(container.StartAsync);
            await Task.Delay(5);
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(3 + (3 * round)));
            await CodeAsync(async () => await Cri.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod.Id }, cancellationToken: patience.Token));

            Assert.True(await start is StatusCode.OK or StatusCode.FailedPrecondition, $"{await start}");
            Assert.NotEqual("StartError", (await container.StatusAsync()).Reason);
            await pod.RemoveAsync();
        }
    }

    [CrispdFact]
    public async Task RemoveContainer_WhoseCallerGivesUp_IsFinishedOrHasNotBegun()
    {
        var pod = await RunPodAsync(OnTheHost);
        for (var round = 0; round < 3 * Rounds; round++)
        {
            var container = await pod.CreateAsync(["sleep", "1000"]);
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(1 + round));

            await CodeAsync(async () => await Cri.Runtime.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = container.Id }, cancellationToken: patience.Token));
            var code = await CodeAsync(container.StartAsync);

            Assert.True(code is StatusCode.OK or StatusCode.NotFound, $"{code}");
        }
    }

    [CrispdFact]
    public async Task CreateContainer_LargerThanTheNodeKeeps_IsRefusedWithTheLimit()
    {
        var pod = await RunPodAsync(OnTheHost);

        await FailsAsync(StatusCode.InvalidArgument, "the limit is 2097152", async () =>
            await pod.CreateAsync(["true"], config => config.Annotations["large"] = new string('x', 3 << 20)));
        await FailsAsync(StatusCode.InvalidArgument, "the limit is 2097152", async () =>
            await RunPodAsync(config => config.Annotations["large"] = new string('x', 3 << 20)));
    }

    private static void OnTheHost(PodSandboxConfig config) => config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node;

    // Whoever has seen the removal can have the name, and joins who asks for the same.
    private async Task<string> RunAgainAsync(TestPod pod)
    {
        while (true)
        {
            try
            {
                return (await Cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = pod.Config })).PodSandboxId;
            }
            catch (RpcException other) when (other.StatusCode == StatusCode.AlreadyExists && !other.Status.Detail.Contains(pod.Id, StringComparison.Ordinal))
            {
                // One of the others has begun to remove the new one.
                await Task.Delay(20);
            }
        }
    }

    private static async Task<StatusCode> CodeAsync(Func<Task> call)
    {
        try
        {
            await call();
            return StatusCode.OK;
        }
        catch (RpcException error)
        {
            return error.StatusCode;
        }
    }
}
