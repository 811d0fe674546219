using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// StopPodSandbox: ends the containers, gives back the network, ends the shim and with it the namespaces. Each step may be
/// repeated, so an interrupted stop is finished by the next one. Each step has a bound of its own, and fails with what is stuck in it.
/// </summary>
public sealed class SandboxStopper(
    ObjectIndex<Container> containers, ContainerStopper containerStopper, ContainerMonitor monitor, CniNetwork network, OrphanedTasks orphans, CgroupLedger cgroups, ContainerEvents events, Journal journal)
{
    // A start that takes longer than this ends with the shim.
    private static readonly TimeSpan _startBound = TimeSpan.FromSeconds(20);

    /// <summary>Stops the sandbox; nothing happens when it is stopped already.</summary>
    public async Task StopAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        using var turn = await sandbox.Gate.EnterAsync("StopPodSandbox", cancellationToken);
        if (sandbox.Record.Phase == SandboxPhase.Stopped)
        {
            return;
        }

        Spans.About(sandbox.Id);

        // 1. Containers, all at once and without grace: the kubelet gave them theirs before. None may start from here on.
        using var stop = sandbox.BeginStop();
        var mine = containers.All.Where(container => container.Sandbox == sandbox).ToList();
        await StopAllAsync(sandbox, mine, cancellationToken);

        FaultPoint.Reach(FaultPoints.StopPodContainersStopped);

        // 2. The network, while the namespace still stands, and beside it the runtime's clearing up, which takes no part in it. From here on
        // a caller that gives up ends nothing half-way, for each step has a bound of its own: CNI plugins cannot find again what one of
        // them that was killed left, and a shim that was told to go goes, whether the pod counts as stopped or not.
        await Task.WhenAll(DetachAsync(sandbox), ReleaseAllAsync(mine, cancellationToken));

        FaultPoint.Reach(FaultPoints.StopPodNetworkDetached);

        // 3. The shim, the namespaces, the shared memory.
        using var ending = Spans.Begin("shim");
        await PodInit.StopAsync(sandbox, CancellationToken.None);
        FaultPoint.Reach(FaultPoints.StopPodInitStopped);
        var gaveBack = await ShimShutdown.RunAsync(sandbox, CancellationToken.None);
        FaultPoint.Reach(FaultPoints.StopPodShimStopped);
        await (gaveBack ? orphans.CleanForgottenAsync(sandbox, mine) : orphans.CleanAsync(sandbox, mine));

        await cgroups.RemoveAsync(PodInit.IdOf(sandbox.Id), CancellationToken.None);
        PodFiles.UnmountShm(sandbox.Files);
        PodLayers.Unmount(sandbox.Files);
        FaultPoint.Reach(FaultPoints.StopPodUnmounted);
        sandbox.UpdateAnyhow(record => record with { Phase = SandboxPhase.Stopped, ShimPid = 0, InitPid = 0 }, journal);
        FaultPoint.Reach(FaultPoints.StopPodRecorded);
        events.Stopped(sandbox);
        FaultPoint.Reach(FaultPoints.StopPodTold);
    }

    private async Task DetachAsync(Sandbox sandbox)
    {
        if (!SandboxNamespaces.HostNetwork(sandbox.Record.Config))
        {
            using var span = Spans.Begin("network");
            await network.DeleteAsync(PodNetworks.Of(sandbox), CancellationToken.None);
        }
    }

    // The shim must have released each task, with its cgroup and its mount, before it is told to go.
    private async Task ReleaseAllAsync(List<Container> mine, CancellationToken cancellationToken)
    {
        using var span = mine.Count == 0 ? null : Spans.Begin("release");
        await Task.WhenAll(mine.Select(monitor.Released)).WaitAsync(cancellationToken);
    }

    // A shim that does not answer any more would keep its pod for ever. Its end is reported as any other's that ends unexpectedly.
    private async Task StopAllAsync(Sandbox sandbox, List<Container> mine, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(mine.Select(container => StopAsync(container, cancellationToken)));
        }
        catch (RpcException) when (sandbox.Shim is { IsAlive: true })
        {
            if (await ShimShutdown.AnswersAsync(sandbox, cancellationToken))
            {
                throw;
            }

            journal.Warn($"pod sandbox {sandbox.Id}: its shim (pid {sandbox.Record.ShimPid}) does not answer and is killed");
            sandbox.Shim.Kill();
            await Task.WhenAll(mine.Select(container => StopAsync(container, cancellationToken)));
        }
    }

    private async Task StopAsync(Container container, CancellationToken cancellationToken)
    {
        if (!container.Start.IsCompleted)
        {
            await Task.WhenAny(container.Start, Task.Delay(_startBound, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }

        await containerStopper.StopAsync(container, TimeSpan.Zero, cancellationToken);
        container.Stuck = null;
    }
}
