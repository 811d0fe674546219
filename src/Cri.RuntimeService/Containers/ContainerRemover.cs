using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Shims;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;

namespace Cri.RuntimeService.Containers;

/// <summary>RemoveContainer: kills what still runs, then removes task, snapshot, bundle, record and name. Logs stay.</summary>
public sealed class ContainerRemover(
    ObjectIndex<Container> containers,
    NameRegistry names,
    Snapshotter snapshots,
    ContainerStopper stopper,
    ContainerMonitor monitor,
    CgroupLedger cgroups,
    OrphanedTasks orphans,
    BlockingSteps steps,
    ContainerEvents events)
{
    private static readonly TimeSpan _releaseBound = TimeSpan.FromSeconds(30);

    /// <summary>Removes the container.</summary>
    public async Task RemoveAsync(Container container, CancellationToken cancellationToken)
    {
        using var turn = await container.Gate.EnterAsync("RemoveContainer", cancellationToken);
        if (containers.Find(container.Id) is null)
        {
            return;
        }

        Spans.About(container.Sandbox.Id, container.Id);
        await stopper.StopAsync(container, TimeSpan.Zero, cancellationToken);
        await monitor.Released(container).WaitAsync(cancellationToken);
        await ReleaseTaskAsync(container, cancellationToken);
        FaultPoint.Reach(FaultPoints.RemoveStopped);

        // From here on a caller that gives up ends nothing half-way, for each step has a bound of its own: half a container is none that
        // could be started any more, but would be listed as one.
        container.BeginRemoval();
        var sweeping = Spans.Begin("cgroup and mounts");
        await orphans.EndLeftAsync(container.Sandbox, container.Id);
        await cgroups.RemoveAsync(container.Id, CancellationToken.None);
        var bundle = container.Files.Bundle;
        await steps.RunAsync("unmount what is below", bundle, () => MountSweep.Below(bundle), CancellationToken.None);
        FaultPoint.Reach(FaultPoints.RemoveUnmounted);
        sweeping?.Stop();

        // From here on there is no such container any more, whoever has to finish this.
        var doomed = ContainerDirectory.Doom(container.Files);
        FaultPoint.Reach(FaultPoints.RemoveRenamed);
        using var span = Spans.Begin("snapshot and bundle");
        await steps.RunAsync(
            "remove", Path.Join(snapshots.Path, container.Id), () => snapshots.RemoveAsync(container.Id).GetAwaiter().GetResult(), CancellationToken.None);
        FaultPoint.Reach(FaultPoints.RemoveSnapshotRemoved);
        await steps.RunAsync("remove", doomed, () => ContainerDirectory.Delete(doomed), CancellationToken.None);
        FaultPoint.Reach(FaultPoints.RemoveBundleRemoved);

        // The name first: whoever no longer finds the container can have it.
        names.Release(ContainerRecord.Name(container.Record.Config.Metadata, container.Sandbox.Id), container.Id);
        container.MarkRemoved();
        containers.Remove(container.Id);
        monitor.Forget(container);
        events.Deleted(container);
        FaultPoint.Reach(FaultPoints.RemoveForgotten);
    }

    private static async Task DeleteTaskAsync(Container container, Shim shim, CancellationToken cancellationToken)
    {
        var delete = new DeleteRequest { Id = container.Id };
        try
        {
            await shim.Tasks.DeleteAsync(delete, cancellationToken);
        }
        catch (TtrpcException runs) when (runs.Code == TtrpcStatusCode.FailedPrecondition)
        {
            // A start that was cut off has succeeded since, and nobody watches it.
            await shim.Tasks.KillAsync(new KillRequest { Id = container.Id, Signal = Signals.SigKill, All = true }, cancellationToken);
            await shim.Tasks.WaitAsync(new WaitRequest { Id = container.Id }, cancellationToken);
            await shim.Tasks.DeleteAsync(delete, cancellationToken);
        }
    }

    // The monitor has released the task of a container that ran; this finds one that a crash left behind.
    private static async Task ReleaseTaskAsync(Container container, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_releaseBound);
        try
        {
            if (container.Sandbox.Shim is { IsAlive: true } shim)
            {
                await DeleteTaskAsync(container, shim, bound.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(
                StatusCode.DeadlineExceeded,
                $"remove container {container.Id}: its shim does not let go of it and its root file system {container.Files.Bundle}/rootfs: {StuckProcess.Of(container.Sandbox.Record.ShimPid)}"));
        }
        catch (TtrpcException gone) when (gone.Code is TtrpcStatusCode.NotFound or TtrpcStatusCode.Unavailable)
        {
            // The usual case.
        }
    }
}
