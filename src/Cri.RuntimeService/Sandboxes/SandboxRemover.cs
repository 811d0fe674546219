using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>RemovePodSandbox: stops what still runs, removes the containers, then the record and the name.</summary>
public sealed class SandboxRemover(
    ObjectIndex<Sandbox> sandboxes,
    ObjectIndex<Container> containers,
    NameRegistry names,
    SandboxStopper stopper,
    ContainerRemover containerRemover)
{
    /// <summary>Removes the sandbox and all its containers.</summary>
    public async Task RemoveAsync(Sandbox sandbox, CancellationToken cancellationToken)
    {
        await stopper.StopAsync(sandbox, cancellationToken);
        using var turn = await sandbox.Gate.EnterAsync(cancellationToken);
        foreach (var container in containers.All.Where(container => container.Sandbox == sandbox).ToList())
        {
            await containerRemover.RemoveAsync(container, cancellationToken);
        }

        PodDirectory.Delete(sandbox.Files);
        sandboxes.Remove(sandbox.Id);
        names.Release(SandboxRecord.Name(sandbox.Record.Config.Metadata), sandbox.Id);
    }
}
