using Cri.Api.V1;
using Cri.Stress.Histories;
using Cri.Stress.Models;
using Grpc.Core;

namespace Cri.Stress.Games;

/// <summary>The RPCs about pods and containers, each recorded in the history of the game that it is about.</summary>
/// <param name="caller">Who calls.</param>
/// <param name="game">The game.</param>
/// <param name="busybox">An image that is always here.</param>
public sealed class PodCalls(Caller caller, PodGame game, string busybox)
{
    private static readonly Answer _ok = new(StatusCode.OK, "");

    /// <summary>RunPodSandbox.</summary>
    public Task<Answer> RunAsync(string variant, TimeSpan? patience) => Record(Verb.RunPodSandbox, game.Name, variant, patience, async token =>
    {
        var config = game.PodConfig(variant);
        var id = (await caller.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config }, cancellationToken: token)).PodSandboxId;
        game.Saw(id, config.Labels);
        return new Answer(StatusCode.OK, id);
    });

    /// <summary>StopPodSandbox.</summary>
    public Task<Answer> StopAsync(string pod, TimeSpan? patience) => Record(Verb.StopPodSandbox, pod, "", patience, async token =>
    {
        await caller.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod }, cancellationToken: token);
        return _ok;
    });

    /// <summary>RemovePodSandbox.</summary>
    public Task<Answer> RemoveAsync(string pod, TimeSpan? patience) => Record(Verb.RemovePodSandbox, pod, "", patience, async token =>
    {
        await caller.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = pod }, cancellationToken: token);
        return _ok;
    });

    /// <summary>PodSandboxStatus, with the containers.</summary>
    public Task<Answer> StatusAsync(string pod) => Record(Verb.PodSandboxStatus, pod, "", null, async token =>
    {
        var answer = await caller.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = pod }, cancellationToken: token);
        game.Saw(answer.Status.Id, answer.Status.Labels);
        var seen = new Dictionary<string, Seen> { [answer.Status.Id] = new(answer.Status.State.ToString()) };
        foreach (var status in answer.ContainersStatuses)
        {
            game.Saw(status.Id, pod, status.Metadata.Name, status.Labels);
            seen[status.Id] = Of(status);
        }

        return new Answer(StatusCode.OK, Contradictions(answer.ContainersStatuses)) { Objects = seen };
    });

    /// <summary>ListPodSandbox.</summary>
    public Task<Answer> ListAsync() => Record(Verb.ListPodSandbox, game.Name, "", null, async token =>
    {
        var filter = new PodSandboxFilter { LabelSelector = { [game.Label.Key] = game.Label.Value } };
        var answer = await caller.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter }, cancellationToken: token);
        answer.Items.ToList().ForEach(item => game.Saw(item.Id, item.Labels));
        return new Answer(StatusCode.OK, "") { Objects = answer.Items.ToDictionary(item => item.Id, item => new Seen(item.State.ToString())) };
    });

    /// <summary>PodSandboxStats.</summary>
    public Task<Answer> StatsAsync(string pod) => Record(Verb.PodSandboxStats, pod, "", null, async token =>
    {
        await caller.Runtime.PodSandboxStatsAsync(new PodSandboxStatsRequest { PodSandboxId = pod }, cancellationToken: token);
        return _ok;
    });

    /// <summary>CreateContainer, of the image that is always here or of the one that comes and goes.</summary>
    public Task<Answer> CreateAsync(string pod, string name, string variant, bool ofChangingImage, TimeSpan? patience)
    {
        variant = ofChangingImage ? variant + "-of-" + game.Image.Mark : variant;
        var config = game.ContainerConfig(name, variant, ofChangingImage ? game.Image.Reference : busybox);
        History[] histories = ofChangingImage ? [game.History, game.Image.History] : [game.History];
        return Caller.RecordAsync(new Call(Verb.CreateContainer, pod, 0) { Argument = $"{name}/{variant}" }, patience, Send, histories);

        async Task<Answer> Send(CancellationToken token)
        {
            var request = new CreateContainerRequest { PodSandboxId = pod, Config = config, SandboxConfig = game.PodConfig("a") };
            var id = (await caller.Runtime.CreateContainerAsync(request, cancellationToken: token)).ContainerId;
            game.Saw(id, pod, name, config.Labels);
            return new Answer(StatusCode.OK, id);
        }
    }

    /// <summary>StartContainer.</summary>
    public Task<Answer> StartAsync(string container, TimeSpan? patience) => Record(Verb.StartContainer, container, "", patience, async token =>
    {
        await caller.Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = container }, cancellationToken: token);
        return _ok;
    });

    /// <summary>StopContainer.</summary>
    public Task<Answer> StopContainerAsync(string container, int seconds, TimeSpan? patience) => Record(Verb.StopContainer, container, $"{seconds}", patience, async token =>
    {
        await caller.Runtime.StopContainerAsync(new StopContainerRequest { ContainerId = container, Timeout = seconds }, cancellationToken: token);
        return _ok;
    });

    /// <summary>RemoveContainer.</summary>
    public Task<Answer> RemoveContainerAsync(string container, TimeSpan? patience) => Record(Verb.RemoveContainer, container, "", patience, async token =>
    {
        await caller.Runtime.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = container }, cancellationToken: token);
        return _ok;
    });

    /// <summary>ContainerStatus.</summary>
    public Task<Answer> ContainerStatusAsync(string container) => Record(Verb.ContainerStatus, container, "", null, async token =>
    {
        var status = (await caller.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = container }, cancellationToken: token)).Status;
        return new Answer(StatusCode.OK, Contradictions([status])) { Objects = new Dictionary<string, Seen> { [status.Id] = Of(status) } };
    });

    /// <summary>ListContainers.</summary>
    public Task<Answer> ListContainersAsync() => Record(Verb.ListContainers, game.Name, "", null, async token =>
    {
        var filter = new ContainerFilter { LabelSelector = { [game.Label.Key] = game.Label.Value } };
        var answer = await caller.Runtime.ListContainersAsync(new ListContainersRequest { Filter = filter }, cancellationToken: token);
        answer.Containers.ToList().ForEach(item => game.Saw(item.Id, item.PodSandboxId, item.Metadata.Name, item.Labels));
        return new Answer(StatusCode.OK, "") { Objects = answer.Containers.ToDictionary(item => item.Id, item => new Seen(item.State.ToString())) };
    });

    /// <summary>ContainerStats.</summary>
    public Task<Answer> ContainerStatsAsync(string container) => Record(Verb.ContainerStats, container, "", null, async token =>
    {
        await caller.Runtime.ContainerStatsAsync(new ContainerStatsRequest { ContainerId = container }, cancellationToken: token);
        return _ok;
    });

    /// <summary>ListContainerStats, which shows what runs.</summary>
    public Task<Answer> ListContainerStatsAsync() => Record(Verb.ListContainerStats, game.Name, "", null, async token =>
    {
        var filter = new ContainerStatsFilter { LabelSelector = { [game.Label.Key] = game.Label.Value } };
        var answer = await caller.Runtime.ListContainerStatsAsync(new ListContainerStatsRequest { Filter = filter }, cancellationToken: token);
        return new Answer(StatusCode.OK, "") { Objects = answer.Stats.ToDictionary(item => item.Attributes.Id, _ => new Seen("ContainerRunning")) };
    });

    /// <summary>ExecSync of a command that answers with a number of its own.</summary>
    public Task<Answer> ExecAsync(string container, TimeSpan? patience) => Record(Verb.ExecSync, container, "", patience, async token =>
    {
        var mark = $"{Random.Shared.NextInt64()}";
        var request = new ExecSyncRequest { ContainerId = container, Cmd = { "echo", mark }, Timeout = 60 };
        var answer = await caller.Runtime.ExecSyncAsync(request, cancellationToken: token);
        return answer switch
        {
            { ExitCode: 0 } when answer.Stdout.ToStringUtf8() == mark + "\n" && answer.Stderr.IsEmpty => _ok,
            { ExitCode: 137 } => new Answer(StatusCode.OK, "killed"),
            _ => new Answer(StatusCode.Unknown, $"exit code {answer.ExitCode}, wrote {answer.Stdout.ToStringUtf8()} and {answer.Stderr.ToStringUtf8()}"),
        };
    });

    /// <summary>Exec, which answers a URL that nobody goes to.</summary>
    public Task<Answer> ExecUrlAsync(string container) => Record(Verb.Exec, container, "", null, async token =>
    {
        await caller.Runtime.ExecAsync(new ExecRequest { ContainerId = container, Cmd = { "true" }, Stdout = true }, cancellationToken: token);
        return _ok;
    });

    /// <summary>UpdateContainerResources, a memory limit in MiB.</summary>
    public Task<Answer> UpdateAsync(string container, int limit, TimeSpan? patience) => Record(Verb.UpdateContainerResources, container, $"{limit}", patience, async token =>
    {
        var resources = new LinuxContainerResources { MemoryLimitInBytes = (long)limit << 20 };
        await caller.Runtime.UpdateContainerResourcesAsync(new UpdateContainerResourcesRequest { ContainerId = container, Linux = resources }, cancellationToken: token);
        return _ok;
    });

    /// <summary>ReopenContainerLog.</summary>
    public Task<Answer> ReopenAsync(string container) => Record(Verb.ReopenContainerLog, container, "", null, async token =>
    {
        await caller.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = container }, cancellationToken: token);
        return _ok;
    });

    private Task<Answer> Record(Verb verb, string subject, string argument, TimeSpan? patience, Func<CancellationToken, Task<Answer>> send) =>
        Caller.RecordAsync(new Call(verb, subject, 0) { Argument = argument }, patience, send, game.History);

    private string Contradictions(IEnumerable<ContainerStatus> statuses)
    {
        foreach (var contradiction in statuses.Select(game.Constants.Contradiction).OfType<string>())
        {
            game.Report(contradiction);
        }

        return "";
    }

    private static Seen Of(ContainerStatus status) => new(status.State.ToString(), (status.Resources?.Linux?.MemoryLimitInBytes ?? 0) >> 20);
}
