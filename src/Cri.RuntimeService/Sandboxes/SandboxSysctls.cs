using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// Which kernel parameters a pod may set: those of a namespace that it has for itself (namespaces(7)). Any other would change
/// the node, so it is refused whatever the kubelet calls safe.
/// </summary>
public static class SandboxSysctls
{
    private static readonly HashSet<string> _ipc = new(StringComparer.Ordinal)
    {
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.msg_next_id", "kernel.sem", "kernel.sem_next_id", "kernel.shmall",
        "kernel.shmmax", "kernel.shmmni", "kernel.shm_next_id", "kernel.shm_rmid_forced",
    };

    /// <summary>Throws INVALID_ARGUMENT that names the parameter and why it cannot be set.</summary>
    public static void Check(V1.PodSandboxConfig config)
    {
        foreach (var name in config.Linux?.Sysctls.Keys ?? [])
        {
            if (Refusal(Dotted(name), config) is { } why)
            {
                throw CriError.Invalid($"pod sandbox \"{config.Metadata.Name}\": sysctl \"{name}\": {why}");
            }
        }
    }

    private static string? Refusal(string name, V1.PodSandboxConfig config) => name switch
    {
        _ when name.Split('.').Any(part => part.Length == 0) || name.Contains('\0') => "not a name",
        _ when name.StartsWith("net.", StringComparison.Ordinal) =>
            SandboxNamespaces.HostNetwork(config) ? "not possible with the host's network namespace" : null,
        _ when _ipc.Contains(name) || name.StartsWith("fs.mqueue.", StringComparison.Ordinal) =>
            SandboxNamespaces.HostIpc(config) ? "not possible with the host's IPC namespace" : null,
        "kernel.domainname" => SandboxNamespaces.HostNetwork(config) ? "not possible with the host's UTS namespace" : null,
        "kernel.hostname" => "the pod's hostname is set by its configuration",
        _ => "it is not in a namespace of its own and would change the whole node",
    };

    // sysctl(8): with slashes between its parts a name may have dots inside them, and they stand for slashes in the other form.
    private static string Dotted(string name)
    {
        var first = name.IndexOfAny(['.', '/']);
        return first >= 0 && name[first] == '/'
            ? string.Concat(name.Select(letter => letter switch { '/' => '.', '.' => '/', _ => letter }))
            : name;
    }
}
