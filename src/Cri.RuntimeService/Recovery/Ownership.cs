using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Recovery;

/// <summary>
/// Tells who owns things. An id is owned while the object is being made, is known, or is recorded on disk, be it in a record that
/// cannot be read. A creation marks its id before its first step and a removal forgets the object after its last, and ids never come again: so what
/// was there before the question, and is not owned by the answer, never will be.
/// </summary>
public sealed class Ownership(
    StateLayout state, ObjectIndex<Sandbox> sandboxes, ObjectIndex<Container> containers, OperationsUnderWay underWay)
{
    /// <summary>The owners now; it reads the state directory.</summary>
    public Owners Now()
    {
        // In this order: one that is made meanwhile is in the later of the two, at the latest.
        var ids = underWay.Ids.ToHashSet(StringComparer.Ordinal);
        var pods = sandboxes.All.ToDictionary(sandbox => sandbox.Id, StringComparer.Ordinal);
        ids.UnionWith(pods.Keys);
        ids.UnionWith(containers.All.Select(container => container.Id));
        var strangers = state.PodIds().Where(id => !ids.Contains(id) && File.Exists(state.Pod(id).Record)).ToList();
        ids.UnionWith(strangers);
        ids.UnionWith(state.PodIds().Where(ids.Contains).SelectMany(RecordedContainers).ToList());
        return new Owners(ids, pods, strangers);
    }

    private IEnumerable<string> RecordedContainers(string podId)
    {
        var pod = state.Pod(podId);
        return pod.ContainerIds().Where(id => File.Exists(pod.Container(id).Record));
    }
}

/// <summary>The owners at one moment.</summary>
/// <param name="Ids">Every owned id, of pods and containers.</param>
/// <param name="Pods">The known pods by id.</param>
/// <param name="Strangers">The pods that are recorded but not known.</param>
public sealed record Owners(IReadOnlySet<string> Ids, IReadOnlyDictionary<string, Sandbox> Pods, IReadOnlyList<string> Strangers)
{
    /// <summary>True when the pod or container is owned; the pod's init, <c>ID-init</c>, goes with its pod.</summary>
    public bool Own(string id) => Ids.Contains(PodInit.OwnerOf(id));
}
