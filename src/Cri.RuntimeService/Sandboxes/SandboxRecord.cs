using Cri.Linux;
using Cri.RuntimeService.Selinux;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>How far a pod sandbox has come; see <see cref="Sandbox"/> for the life cycle.</summary>
public enum SandboxPhase
{
    /// <summary>Recorded before any resource exists; a crash here is undone at the next start.</summary>
    Creating,

    /// <summary>Namespaces and network stand, the shim serves.</summary>
    Ready,

    /// <summary>Everything but the record is released.</summary>
    Stopped,
}

/// <summary>All that is known of a pod sandbox; immutable, persisted as <c>pod.json</c>.</summary>
public sealed record SandboxRecord
{
    /// <summary>The version of this file's form.</summary>
    public int Version { get; init; } = RecordVersion.Newest;

    /// <summary>The sandbox id.</summary>
    public required string Id { get; init; }

    /// <summary>When it was created, Unix nanoseconds.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>How far it has come.</summary>
    public SandboxPhase Phase { get; init; }

    /// <summary>The runtime handler the request named; empty is the default.</summary>
    public string RuntimeHandler { get; init; } = "";

    /// <summary>The pid of the shim; 0 while there is none.</summary>
    public int ShimPid { get; init; }

    /// <summary>The pid of the init that holds a shared PID namespace; 0 when there is none.</summary>
    public int InitPid { get; init; }

    /// <summary>What ended it before it was stopped, in words; null while nothing has.</summary>
    public string? Failure { get; init; }

    /// <summary>True when the image layers are mounted in its directory with the owners of its user namespace.</summary>
    public bool HasMappedLayers { get; init; }

    /// <summary>The pod's addresses, the primary one first; empty with host network.</summary>
    public IReadOnlyList<string> Ips { get; init; } = [];

    /// <summary>The SELinux labels of its containers; null when it has none.</summary>
    public SelinuxLabels? Labels { get; init; }

    /// <summary>What the pod uses besides its containers, as last told; null before the first UpdatePodSandboxResources.</summary>
    public V1.LinuxContainerResources? Overhead { get; init; }

    /// <summary>The sum of its containers' limits, as last told; null before the first UpdatePodSandboxResources.</summary>
    public V1.LinuxContainerResources? Resources { get; init; }

    /// <summary>The configuration as the kubelet gave it.</summary>
    public required V1.PodSandboxConfig Config { get; init; }

    /// <summary>The name that is reserved while the sandbox exists.</summary>
    public static string Name(V1.PodSandboxMetadata metadata) =>
        $"{metadata.Name}_{metadata.Namespace}_{metadata.Uid}_{metadata.Attempt}";
}

/// <summary>The namespace choices of a pod, with the CRI's defaults where the message leaves them out.</summary>
public static class SandboxNamespaces
{
    /// <summary>The pod's namespace options.</summary>
    public static V1.NamespaceOption Of(V1.PodSandboxConfig config) =>
        config.Linux?.SecurityContext?.NamespaceOptions ?? new V1.NamespaceOption();

    /// <summary>True when the pod uses the node's network.</summary>
    public static bool HostNetwork(V1.PodSandboxConfig config) => Of(config).Network == V1.NamespaceMode.Node;

    /// <summary>True when the pod uses the node's IPC.</summary>
    public static bool HostIpc(V1.PodSandboxConfig config) => Of(config).Ipc == V1.NamespaceMode.Node;

    /// <summary>True when the pod's containers share one PID namespace.</summary>
    public static bool SharedPid(V1.PodSandboxConfig config) => Of(config).Pid == V1.NamespaceMode.Pod;
}
