using Cri.ImageService.Snapshots;
using Cri.RuntimeService.Lifecycle;
using Cri.Ttrpc;
using Cri.Ttrpc.TaskApi.V3;

namespace Cri.RuntimeService.Containers;

/// <summary>RemoveContainer: kills what still runs, then removes task, snapshot, bundle, record and name. Logs stay.</summary>
public sealed class ContainerRemover(
    ObjectIndex<Container> containers,
    NameRegistry names,
    Snapshotter snapshots,
    ContainerStopper stopper,
    ContainerMonitor monitor)
{
    /// <summary>Removes the container.</summary>
    public async Task RemoveAsync(Container container, CancellationToken cancellationToken)
    {
        using var turn = await container.Gate.EnterAsync(cancellationToken);
        if (containers.Find(container.Id) is null)
        {
            return;
        }

        await stopper.StopAsync(container, TimeSpan.Zero, cancellationToken);
        await monitor.Released(container).WaitAsync(cancellationToken);
        await ReleaseTaskAsync(container, cancellationToken);
        MountSweep.Below(container.Files.Bundle);
        await snapshots.RemoveAsync(container.Id);
        Directory.Delete(container.Files.Bundle, recursive: true);
        containers.Remove(container.Id);
        names.Release(ContainerRecord.Name(container.Record.Config.Metadata, container.Sandbox.Id), container.Id);
        monitor.Forget(container);
    }

    // The monitor has released the task of a container that ran; this finds one that a crash left behind.
    private static async Task ReleaseTaskAsync(Container container, CancellationToken cancellationToken)
    {
        try
        {
            if (container.Sandbox.Shim is { IsAlive: true } shim && container.Record.StartedAt > 0)
            {
                await shim.Tasks.DeleteAsync(new DeleteRequest { Id = container.Id }, cancellationToken);
            }
        }
        catch (TtrpcException gone) when (gone.Code is TtrpcStatusCode.NotFound or TtrpcStatusCode.Unavailable)
        {
            // The usual case.
        }
    }
}
