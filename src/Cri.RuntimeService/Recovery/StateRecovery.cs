using System.Text.Json;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using ShimStatus = Cri.Ttrpc.Types.Status;

namespace Cri.RuntimeService.Recovery;

/// <summary>
/// Rebuilds what the server knows from the state directory and the shims, all pods at once:
/// <list type="number">
/// <item>what a crash left half-removed is removed</item>
/// <item>a pod whose creation was interrupted is undone</item>
/// <item>a pod that stood is connected to its shim; its containers go on, and exits in between are taken from their files</item>
/// </list>
/// A pod that cannot be read is reported and left alone; it does not keep the server from starting.
/// </summary>
public sealed class StateRecovery(
    StateLayout state,
    ObjectIndex<Sandbox> sandboxes,
    ObjectIndex<Container> containers,
    NameRegistry sandboxNames,
    NameRegistry containerNames,
    ShimLauncher shims,
    CniNetwork network,
    OrphanedTasks orphans,
    ContainerMonitor monitor,
    Journal journal)
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(60);

    /// <summary>Recovers everything and answers the ids of all containers that are known now.</summary>
    public async Task<IReadOnlySet<string>> RunAsync()
    {
        PodDirectory.Sweep(state);
        await Task.WhenAll(state.PodIds().Select(RecoverAsync).ToList());
        return containers.All.Select(container => container.Id).ToHashSet(StringComparer.Ordinal);
    }

    private async Task RecoverAsync(string id)
    {
        using var bound = new CancellationTokenSource(_bound);
        try
        {
            var files = state.Pod(id);
            var record = RecordFile.Read(files.Record, RecordJson.Default.SandboxRecord);
            if (record is null)
            {
                PodDirectory.Delete(files);
                journal.Info($"pod sandbox {id}: removed a directory without a record");
                return;
            }

            var sandbox = new Sandbox(record, files);
            sandbox.Shim = await shims.ReconnectAsync(record.ShimPid, files, bound.Token);
            await (record.Phase == SandboxPhase.Creating ? UndoAsync(sandbox, bound.Token) : RestoreAsync(sandbox, bound.Token));
        }
        catch (Exception error) when (error is IOException or JsonException or TtrpcException or OperationCanceledException or UnauthorizedAccessException)
        {
            journal.Warn($"pod sandbox {id}: not recovered: {error.Message}");
        }
    }

    private async Task UndoAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (!SandboxNamespaces.HostNetwork(sandbox.Record.Config))
        {
            await network.DeleteAsync(PodNetworks.Of(sandbox), cancellationToken);
        }

        await PodInit.StopAsync(sandbox, cancellationToken);
        await ShimShutdown.RunAsync(sandbox, cancellationToken);
        await orphans.CleanAsync(sandbox, []);
        PodDirectory.Delete(sandbox.Files);
        journal.Info($"pod sandbox {sandbox.Id}: undid its interrupted creation");
    }

    private async Task RestoreAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        var record = sandbox.Record;
        if (record.Phase == SandboxPhase.Ready && sandbox.Shim is null)
        {
            journal.Warn($"pod sandbox {record.Id}: its shim (pid {record.ShimPid}) is gone");
        }

        var request = new V1.RunPodSandboxRequest { Config = record.Config, RuntimeHandler = record.RuntimeHandler };
        sandboxNames.Restore(SandboxRecord.Name(record.Config.Metadata), record.Id, request, () => sandbox.IsReady);
        foreach (var directory in Directory.EnumerateDirectories(sandbox.Files.Directory).Where(path => ObjectId.IsValid(Path.GetFileName(path))))
        {
            await RestoreContainerAsync(sandbox, Path.GetFileName(directory), cancellationToken);
        }

        sandboxes.Add(record.Id, sandbox);
    }

    private async Task RestoreContainerAsync(Sandbox sandbox, string id, CancellationToken cancellationToken)
    {
        var files = sandbox.Files.Container(id);
        if (RecordFile.Read(files.Record, RecordJson.Default.ContainerRecord) is not { } record)
        {
            Directory.Delete(files.Bundle, recursive: true);
            journal.Info($"container {id}: removed a bundle without a record");
            return;
        }

        var container = new Container(record, sandbox);
        if (!ContainerExit.ApplyFile(container) && record.FinishedAt == 0)
        {
            await FindTaskAsync(container, cancellationToken);
        }
        else if (sandbox.Shim is { } shim && record.Reason != ContainerStarter.StartError)
        {
            // It ended while no server was there: the monitor records nothing new but has the task released.
            monitor.Watch(container, shim);
        }

        var request = ContainerCreator.Identical(sandbox.Id, record.Config);
        containerNames.Restore(
            ContainerRecord.Name(record.Config.Metadata, sandbox.Id), id, request, () => container.State == V1.ContainerState.ContainerCreated);
        containers.Add(id, container);
    }

    // No exit is recorded: it was created, runs, is half-started, or its shim is gone.
    private async Task FindTaskAsync(Container container, CancellationToken cancellationToken)
    {
        var shim = container.Sandbox.Shim;
        if (shim is null)
        {
            if (container.Record.StartedAt > 0)
            {
                ContainerExit.ApplyLost(container, $"the shim (pid {container.Sandbox.Record.ShimPid}) of its pod ended unexpectedly");
            }

            return;
        }

        try
        {
            var task = await shim.Tasks.StateAsync(new StateRequest { Id = container.Id }, cancellationToken);
            var started = container.Record.StartedAt > 0 ? container.Record.StartedAt : container.Record.CreatedAt;
            if (task.Status is ShimStatus.Created)
            {
                // The server died between the runtime's create and start; the kubelet starts a new container.
                await shim.Tasks.KillAsync(new KillRequest { Id = container.Id, Signal = Linux.Signals.SigKill, All = true }, cancellationToken);
            }

            container.Persist(record => record with { StartedAt = started, Pid = (int)task.Pid });
            monitor.Watch(container, shim);
        }
        catch (TtrpcException unknown) when (unknown.Code == TtrpcStatusCode.NotFound)
        {
            if (container.Record.StartedAt > 0)
            {
                ContainerExit.ApplyLost(container, "its shim does not know it");
            }
        }
    }
}
