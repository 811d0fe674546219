using System.Text.Json;
using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.RuntimeService.Checkpoints;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Execs;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Recovery.Orphans;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Selinux;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;
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
    OperationsUnderWay underWay,
    ShimLauncher shims,
    CniNetwork network,
    OrphanedTasks orphans,
    ContainerMonitor monitor,
    ContainerEvents events,
    ShimWatch shimWatch,
    SelinuxLabeler selinux,
    Snapshotter snapshots,
    Journal journal)
{
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _taskBound = TimeSpan.FromSeconds(10);

    /// <summary>Recovers everything.</summary>
    public async Task RunAsync()
    {
        Sweep();
        FaultPoint.Reach(FaultPoints.RecoverSwept);
        await Task.WhenAll(state.PodIds().Select(TryRecoverAsync).ToList());
    }

    /// <summary>Recovers a pod that could not be recovered before. Throws what keeps it from that.</summary>
    public async Task RetryAsync(string id)
    {
        using var mark = underWay.Begin(id);
        if (sandboxes.Find(id) is null)
        {
            await RecoverAsync(id);
            journal.Info($"pod sandbox {id}: taken over after all");
        }
    }

    private void Sweep()
    {
        try
        {
            PodDirectory.Sweep(state);

            // Nobody writes yet, so whoever did has died.
            foreach (var unfinished in StrayFiles.Unfinished(state).ToList())
            {
                File.Delete(unfinished);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            journal.Warn($"removing what was half-removed: {error.Message}");
        }
    }

    // Whatever is wrong with one pod must not keep the server from serving the others.
    private async Task TryRecoverAsync(string id)
    {
        try
        {
            await RecoverAsync(id);
        }
        catch (Exception error)
        {
            journal.Warn($"pod sandbox {id}: not recovered: {(error is RpcException rpc ? rpc.Status.Detail : error.Message)}");
        }
    }

    private async Task RecoverAsync(string id)
    {
        using var bound = new CancellationTokenSource(_bound);
        var files = state.Pod(id);
        var record = RecordFile.Read(files.Record, RecordJson.Default.SandboxRecord);
        if (record is null)
        {
            RemoveUnrecorded(id, files);
            return;
        }

        FaultPoint.Reach(FaultPoints.RecoverPodRead);
        var sandbox = new Sandbox(record, files);
        sandbox.Shim = await shims.ReconnectAsync(id, record.ShimPid, files, bound.Token);
        FaultPoint.Reach(FaultPoints.RecoverPodConnected);
        try
        {
            await (record.Phase == SandboxPhase.Creating ? UndoAsync(sandbox, bound.Token) : RestoreAsync(sandbox, bound.Token));
        }
        catch
        {
            Forget(sandbox);
            throw;
        }
    }

    // One with mounts was a pod that stood. Its parts are removed in the order in which they depend on each other, by the reconciler:
    // CNI plugins need the namespace to undo all they did.
    private void RemoveUnrecorded(string id, PodLayout files)
    {
        if (!MountTable.Below(files.Directory).Any())
        {
            PodDirectory.Delete(files);
            journal.Info($"pod sandbox {id}: removed a directory without a record");
        }
    }

    // A pod is known with all its containers or not at all.
    private void Forget(Sandbox sandbox)
    {
        foreach (var container in containers.All.Where(container => container.Sandbox == sandbox).ToList())
        {
            containers.Remove(container.Id);
            containerNames.Release(ContainerRecord.Name(container.Record.Config.Metadata, sandbox.Id), container.Id);
        }

        sandboxNames.Release(SandboxRecord.Name(sandbox.Record.Config.Metadata), sandbox.Id);
        sandbox.Shim?.Dispose();
    }

    private async Task UndoAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        if (!SandboxNamespaces.HostNetwork(sandbox.Record.Config))
        {
            await network.DeleteAsync(PodNetworks.Of(sandbox), cancellationToken);
        }

        FaultPoint.Reach(FaultPoints.RecoverUndoNetwork);
        await PodInit.StopAsync(sandbox, cancellationToken);
        FaultPoint.Reach(FaultPoints.RecoverUndoInit);
        await ShimShutdown.RunAsync(sandbox, cancellationToken);
        FaultPoint.Reach(FaultPoints.RecoverUndoShim);
        await orphans.CleanAsync(sandbox, []);
        PodDirectory.Delete(sandbox.Files);
        FaultPoint.Reach(FaultPoints.RecoverUndoDirectory);
        journal.Info($"pod sandbox {sandbox.Id}: undid its interrupted creation");
    }

    private async Task RestoreAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        var record = sandbox.Record;
        if (record.Phase == SandboxPhase.Ready && sandbox.Shim is null)
        {
            journal.Warn($"pod sandbox {record.Id}: its shim (pid {record.ShimPid}) is gone");
            await EndOrphanAsync(sandbox, PodInit.IdOf(sandbox.Id));
        }

        var request = new V1.RunPodSandboxRequest { Config = record.Config, RuntimeHandler = record.RuntimeHandler };
        sandboxNames.Restore(SandboxRecord.Name(record.Config.Metadata), record.Id, request, () => sandbox.IsReady);
        ContainerDirectory.Sweep(sandbox.Files);
        var watched = new List<Container>();
        foreach (var directory in Directory.EnumerateDirectories(sandbox.Files.Directory).Where(path => ObjectId.IsValid(Path.GetFileName(path))))
        {
            await RestoreContainerAsync(sandbox, Path.GetFileName(directory), watched, cancellationToken);
        }

        selinux.Restore(sandbox.Labels);
        sandboxes.Add(record.Id, sandbox);

        // Not before the whole pod stands: one that is given up half-way loses its connection, which to a watch is the shim's end.
        watched.ForEach(container => monitor.Watch(container, sandbox.Shim!));
        ReportStops(sandbox);
        FaultPoint.Reach(FaultPoints.RecoverPodRestored);
    }

    // Its processes may live on without anyone to collect their output and exit.
    private async Task EndOrphanAsync(Sandbox sandbox, string id)
    {
        try
        {
            await orphans.EndShimAsync(sandbox);
            await orphans.EndAsync(sandbox, id);
        }
        catch (Exception error) when (error is RpcException or IOException or UnauthorizedAccessException)
        {
            journal.Warn($"pod sandbox {sandbox.Id}: {error.Message}; its stop tries again");
        }
    }

    // What ended while no server was there; a stop that was told of before is not told of again.
    private void ReportStops(Sandbox sandbox)
    {
        foreach (var container in containers.All.Where(container => container.Sandbox == sandbox && container.Exited.IsCompleted))
        {
            events.Stopped(container);
        }

        if (sandbox.IsReady)
        {
            shimWatch.Watch(sandbox);
        }
        else
        {
            events.Stopped(sandbox);
        }
    }

    private async Task RestoreContainerAsync(Sandbox sandbox, string id, List<Container> watched, CancellationToken cancellationToken)
    {
        var files = sandbox.Files.Container(id);
        if (!TryRead(id, files, out var record))
        {
            return;
        }

        if (record is null)
        {
            MountSweep.Delete(files.Bundle);
            FaultPoint.Reach(FaultPoints.RecoverBundleRemoved);
            journal.Info($"container {id}: removed a bundle without a record");
            return;
        }

        FaultPoint.Reach(FaultPoints.RecoverContainerRead);
        var container = new Container(record, sandbox, containers.Changes);
        containers.Add(id, container);
        RemoveDump(id);
        var isFinal = record.Reason == ContainerStarter.StartError;
        if (!isFinal && !ContainerExit.ApplyFile(container) && record.FinishedAt == 0)
        {
            await FindTaskAsync(container, watched, cancellationToken);
        }
        else if (sandbox.Shim is not null && !isFinal)
        {
            FaultPoint.Reach(FaultPoints.RecoverExitRead);

            // It ended while no server was there: the monitor records nothing new but has the task released.
            watched.Add(container);
        }

        var request = ContainerCreator.Identical(sandbox.Id, record.Config);
        containerNames.Restore(
            ContainerRecord.Name(record.Config.Metadata, sandbox.Id), id, request, () => container.State == V1.ContainerState.ContainerCreated);
    }

    // A checkpoint that was cut off leaves the memory of the container's processes.
    private void RemoveDump(string id)
    {
        var dump = snapshots.ScratchPath(id, ContainerCheckpointer.Scratch);
        if (Directory.Exists(dump))
        {
            Directory.Delete(dump, recursive: true);
        }
    }

    // One damaged record must not hide the pod and its other containers.
    private bool TryRead(string id, ContainerLayout files, out ContainerRecord? record)
    {
        try
        {
            record = RecordFile.Read(files.Record, RecordJson.Default.ContainerRecord);
            return true;
        }
        catch (Exception unreadable) when (unreadable is JsonException or NewerRecordException)
        {
            journal.Warn($"container {id}: not recovered: {unreadable.Message}");
            record = null;
            return false;
        }
    }

    // No exit is recorded: it was created, runs, is half-started, or its shim is gone.
    private async Task FindTaskAsync(Container container, List<Container> watched, CancellationToken cancellationToken)
    {
        var shim = container.Sandbox.Shim;
        if (shim is null)
        {
            await EndOrphanAsync(container.Sandbox, container.Id);
            if (container.Record.StartedAt > 0)
            {
                ContainerExit.ApplyLost(container, $"the shim (pid {container.Sandbox.Record.ShimPid}) of its pod ended unexpectedly");
                KeepLost(container);
            }

            return;
        }

        try
        {
            if (await TaskOfAsync(container, shim, cancellationToken) is not { } task)
            {
                return;
            }

            FaultPoint.Reach(FaultPoints.RecoverTaskFound);
            var started = container.Record.StartedAt > 0 ? container.Record.StartedAt : container.Record.CreatedAt;
            if (task.Status is ShimStatus.Created)
            {
                // An older server's, or one to be restored: it died between the runtime's create and start; the kubelet starts a new container.
                await shim.Tasks.KillAsync(new KillRequest { Id = container.Id, Signal = Signals.SigKill, All = true }, cancellationToken);
            }

            if (task.Status is ShimStatus.Paused)
            {
                // The server died while it took a checkpoint, for which the container was frozen.
                await shim.Tasks.ResumeAsync(new ResumeRequest { Id = container.Id }, cancellationToken);
            }

            await AbandonedExecs.EndAsync(container, shim, cancellationToken);
            if ((container.Record.StartedAt, container.Record.Pid) != (started, (int)task.Pid))
            {
                container.Persist(record => record with { StartedAt = started, Pid = (int)task.Pid });
            }

            FaultPoint.Reach(FaultPoints.RecoverTaskRecorded);
            watched.Add(container);
        }
        catch (TtrpcException unknown) when (unknown.Code == TtrpcStatusCode.NotFound)
        {
            if (container.Record.StartedAt > 0)
            {
                ContainerExit.ApplyLost(container, "its shim does not know it");
            }
        }
        catch (OperationCanceledException) when (container.Record.StartedAt == 0 && !cancellationToken.IsCancellationRequested)
        {
            journal.Warn($"container {container.Id}: its start was cut off, and its OCI runtime has been making it for longer than {_taskBound.TotalSeconds:0} s");
        }
    }

    // The next start is to tell of the same exit, at the same time.
    private void KeepLost(Container container)
    {
        try
        {
            container.Persist(record => record);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            journal.Warn($"container {container.Id}: its exit cannot be recorded: {error.Message}");
        }
    }

    // Null for one that was to be made from a checkpoint at its start, which never came: it can be started as if for the first time.
    private static async Task<StateResponse?> TaskOfAsync(Container container, Shim shim, CancellationToken cancellationToken)
    {
        // One that is being made is answered for when it is; a runtime that hangs must not hold up the start. All others answer at once,
        // and have as long as their pod has.
        var state = new StateRequest { Id = container.Id };
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (container.Record.StartedAt == 0)
        {
            bound.CancelAfter(_taskBound);
        }

        var task = await shim.Tasks.StateAsync(state, bound.Token);
        if (task is not { Status: ShimStatus.Created, Pid: 0 })
        {
            return task;
        }

        try
        {
            await shim.Tasks.DeleteAsync(new DeleteRequest { Id = container.Id }, cancellationToken);
            return null;
        }
        catch (TtrpcException busy) when (busy.Code == TtrpcStatusCode.FailedPrecondition)
        {
            // The start was under way and has succeeded meanwhile.
            return await shim.Tasks.StateAsync(state, cancellationToken);
        }
    }
}
