using Cri.Linux.Faults;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Selinux;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>RemovePodSandbox: stops what still runs, removes the containers, then the record and the name.</summary>
public sealed class SandboxRemover(
    ObjectIndex<Sandbox> sandboxes,
    ObjectIndex<Container> containers,
    NameRegistry names,
    SandboxStopper stopper,
    ContainerRemover containerRemover,
    SelinuxLabeler selinux,
    BlockingSteps steps,
    ContainerEvents events)
{
    /// <summary>Removes the sandbox and all its containers.</summary>
    public async Task RemoveAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        await stopper.StopAsync(sandbox, cancellationToken);
        using var turn = await sandbox.Gate.EnterAsync("RemovePodSandbox", cancellationToken);
        FaultPoint.Reach(FaultPoints.RemovePodStopped);
        if (sandboxes.Find(sandbox.Id) is null)
        {
            // Another removal had its turn before.
            return;
        }

        foreach (var container in containers.All.Where(container => container.Sandbox == sandbox).ToList())
        {
            await containerRemover.RemoveAsync(container, cancellationToken);
        }

        FaultPoint.Reach(FaultPoints.RemovePodContainersRemoved);
        await steps.RunAsync("remove", sandbox.Files.Directory, () => PodDirectory.Delete(sandbox.Files), CancellationToken.None);
        FaultPoint.Reach(FaultPoints.RemovePodDirectoryRemoved);

        // The name first: whoever no longer finds the pod can have it.
        names.Release(SandboxRecord.Name(sandbox.Record.Config.Metadata), sandbox.Id);
        sandboxes.Remove(sandbox.Id);
        selinux.Release(sandbox.Labels);
        events.Deleted(sandbox);
        FaultPoint.Reach(FaultPoints.RemovePodForgotten);
    }
}
