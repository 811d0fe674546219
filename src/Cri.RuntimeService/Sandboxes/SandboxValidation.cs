using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Spec;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>What a pod sandbox request must satisfy before anything is made.</summary>
public static class SandboxValidation
{
    private const int LongestHostname = 64;

    /// <summary>Throws INVALID_ARGUMENT or FAILED_PRECONDITION naming the field.</summary>
    public static void Check(V1.PodSandboxConfig? config, CgroupDriver cgroups)
    {
        if (config?.Metadata is not { } metadata)
        {
            throw CriError.Invalid("pod sandbox config: metadata is missing");
        }

        Require(metadata.Name, "metadata.name");
        Require(metadata.Namespace, "metadata.namespace");
        Require(metadata.Uid, "metadata.uid");
        if (config.Hostname.Length > LongestHostname)
        {
            throw CriError.Invalid($"pod sandbox \"{metadata.Name}\": hostname \"{config.Hostname}\" is longer than {LongestHostname} characters");
        }

        if (config.LogDirectory.Length > 0 && !config.LogDirectory.StartsWith('/'))
        {
            throw CriError.Invalid($"pod sandbox \"{metadata.Name}\": log_directory \"{config.LogDirectory}\" must be absolute");
        }

        cgroups.Validate(config.Linux?.CgroupParent ?? "");
        CheckNamespaces(metadata.Name, SandboxNamespaces.Of(config));
    }

    private static void CheckNamespaces(string name, V1.NamespaceOption options)
    {
        if (options.UsernsOptions is { Mode: V1.NamespaceMode.Pod })
        {
            throw CriError.Precondition($"pod sandbox \"{name}\": user namespaces are not supported by the runtime handler");
        }

        if (options.Network is V1.NamespaceMode.Container or V1.NamespaceMode.Target)
        {
            throw CriError.Invalid($"pod sandbox \"{name}\": network mode {options.Network} is not possible, only POD and NODE");
        }

        if (options.Ipc is V1.NamespaceMode.Container or V1.NamespaceMode.Target)
        {
            throw CriError.Invalid($"pod sandbox \"{name}\": IPC mode {options.Ipc} is not possible, only POD and NODE");
        }
    }

    private static void Require(string value, string field)
    {
        if (value.Length == 0)
        {
            throw CriError.Invalid($"pod sandbox config: {field} is empty");
        }
    }
}
