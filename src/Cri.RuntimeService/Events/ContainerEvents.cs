using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Events;

/// <summary>
/// The events of pods and containers, each published once the state it tells of can be seen. Every event carries the whole pod
/// as it is then, which is all that a kubelet's evented PLEG has of it; one for a pod itself has the pod's id as container id.
/// A stop is told once even across restarts: one that happened while no server was there is told by the next.
/// </summary>
public sealed class ContainerEvents(ObjectIndex<Container> containers, EventHub hub)
{
    /// <summary>Begins to read the events.</summary>
    public EventSubscription Subscribe() => hub.Subscribe();

    /// <summary>A pod stands: it was created and started at once.</summary>
    public void Started(Sandbox sandbox)
    {
        Publish(sandbox.Id, sandbox, V1.ContainerEventType.ContainerCreatedEvent);
        Publish(sandbox.Id, sandbox, V1.ContainerEventType.ContainerStartedEvent);
    }

    /// <summary>A pod was stopped, or its shim has ended.</summary>
    public void Stopped(Sandbox sandbox)
    {
        if (StopMark.Set(sandbox.Files.StopReported))
        {
            Publish(sandbox.Id, sandbox, V1.ContainerEventType.ContainerStoppedEvent);
        }
    }

    /// <summary>A pod was removed.</summary>
    public void Deleted(Sandbox sandbox) => Publish(sandbox.Id, sandbox, V1.ContainerEventType.ContainerDeletedEvent);

    /// <summary>A container was created.</summary>
    public void Created(Container container) => Publish(container.Id, container.Sandbox, V1.ContainerEventType.ContainerCreatedEvent);

    /// <summary>A container was started.</summary>
    public void Started(Container container) => Publish(container.Id, container.Sandbox, V1.ContainerEventType.ContainerStartedEvent);

    /// <summary>A container has exited, or could not be started.</summary>
    public void Stopped(Container container)
    {
        if (StopMark.Set(container.Files.StopReported))
        {
            Publish(container.Id, container.Sandbox, V1.ContainerEventType.ContainerStoppedEvent);
        }
    }

    /// <summary>A container was removed.</summary>
    public void Deleted(Container container) => Publish(container.Id, container.Sandbox, V1.ContainerEventType.ContainerDeletedEvent);

    private void Publish(string id, Sandbox sandbox, V1.ContainerEventType type) => hub.Publish(time => new V1.ContainerEventResponse
    {
        ContainerId = id,
        ContainerEventType = type,
        CreatedAt = time,
        PodSandboxStatus = SandboxView.Status(sandbox),
        ContainersStatuses = { containers.All.Where(container => container.Sandbox == sandbox).Select(ContainerView.Status) },
    });
}
