using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// StopPodSandbox: ends the containers, gives back the network, ends the shim and with it the namespaces. Each step may be
/// repeated, so an interrupted stop is finished by the next one.
/// </summary>
public sealed class SandboxStopper(
    ObjectIndex<Container> containers, ContainerStopper containerStopper, ContainerMonitor monitor, CniNetwork network, OrphanedTasks orphans)
{
    /// <summary>Stops the sandbox; nothing happens when it is stopped already.</summary>
    public async Task StopAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        using var turn = await sandbox.Gate.EnterAsync(cancellationToken);
        if (sandbox.Record.Phase == SandboxPhase.Stopped)
        {
            return;
        }

        // 1. Containers, all at once and without grace: the kubelet gave them theirs before.
        var mine = containers.All.Where(container => container.Sandbox == sandbox).ToList();
        await Task.WhenAll(mine.Select(container => StopAsync(container, cancellationToken)));

        // 2. The network, while the namespace still stands.
        if (!SandboxNamespaces.HostNetwork(sandbox.Record.Config))
        {
            await network.DeleteAsync(PodNetworks.Of(sandbox), cancellationToken);
        }

        // 3. The shim, the namespaces, the shared memory.
        await PodInit.StopAsync(sandbox, cancellationToken);
        var shimLived = sandbox.Shim is { IsAlive: true };
        await ShimShutdown.RunAsync(sandbox, cancellationToken);
        if (!shimLived)
        {
            await orphans.CleanAsync(sandbox, mine);
        }

        PodFiles.UnmountShm(sandbox.Files);
        sandbox.Update(record => record with { Phase = SandboxPhase.Stopped, ShimPid = 0, InitPid = 0 });
    }

    // The shim must have released the task, with its cgroup and its mount, before it is told to go.
    private async Task StopAsync(Container container, CancellationToken cancellationToken)
    {
        await containerStopper.StopAsync(container, TimeSpan.Zero, cancellationToken);
        await monitor.Released(container).WaitAsync(cancellationToken);
    }
}
