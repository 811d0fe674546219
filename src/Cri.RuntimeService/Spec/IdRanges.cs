using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Spec;

/// <summary>
/// The ids of a pod's user namespace in the runtime-spec. The namespace is joined by its path and has them already; but
/// runtimes before runc 1.2 only know from here which host id stands for the container's root.
/// </summary>
public static class IdRanges
{
    /// <summary>The users; null when the pod uses the node's namespace.</summary>
    public static IReadOnlyList<IdMappingSpec>? Users(V1.PodSandboxConfig pod) => Of(PodUserNamespace.Of(pod)?.Users);

    /// <summary>The groups; null when the pod uses the node's namespace.</summary>
    public static IReadOnlyList<IdMappingSpec>? Groups(V1.PodSandboxConfig pod) => Of(PodUserNamespace.Of(pod)?.Groups);

    private static IdMappingSpec[]? Of(IdMapping? range) => range is { } ids ? [new IdMappingSpec(ids.ContainerId, ids.HostId, ids.Length)] : null;
}
