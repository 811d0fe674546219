using Cri.RuntimeService.Cni;
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
        RequestSize.CheckConfig("pod sandbox config", config);
        Require(metadata.Namespace, "metadata.namespace");
        Require(metadata.Uid, "metadata.uid");
        if (config.Hostname.Length > LongestHostname)
        {
            throw CriError.Invalid($"pod sandbox \"{metadata.Name}\": hostname \"{config.Hostname}\" is longer than {LongestHostname} characters");
        }

        if (config.Hostname.Any(char.IsControl))
        {
            throw CriError.Invalid($"pod sandbox \"{metadata.Name}\": hostname has a control character in it");
        }

        if (config.LogDirectory.Length > 0 && !config.LogDirectory.StartsWith('/'))
        {
            throw CriError.Invalid($"pod sandbox \"{metadata.Name}\": log_directory \"{config.LogDirectory}\" must be absolute");
        }

        CheckBandwidth(metadata.Name, config.Annotations);
        cgroups.Validate(config.Linux?.CgroupParent ?? "");
        CheckNamespaces($"pod sandbox \"{metadata.Name}\"", SandboxNamespaces.Of(config));
        SandboxSysctls.Check(config);
    }

    private static void CheckBandwidth(string name, IReadOnlyDictionary<string, string> annotations)
    {
        try
        {
            CniBandwidth.FromAnnotations(annotations);
        }
        catch (FormatException error)
        {
            throw CriError.Invalid($"pod sandbox \"{name}\": {error.Message}");
        }
    }

    private static void CheckNamespaces(string pod, V1.NamespaceOption options)
    {
        CheckMode(pod, "network", options.Network);
        CheckMode(pod, "IPC", options.Ipc);
        if (options.Pid == V1.NamespaceMode.Target)
        {
            throw CriError.Invalid($"{pod}: PID mode TARGET is not possible for a pod, only POD, CONTAINER and NODE");
        }

        PodUserNamespace.Check(pod, options);
    }

    private static void CheckMode(string pod, string name, V1.NamespaceMode mode)
    {
        if (mode is V1.NamespaceMode.Container or V1.NamespaceMode.Target)
        {
            throw CriError.Invalid($"{pod}: {name} mode {mode.ToString().ToUpperInvariant()} is not possible, only POD and NODE");
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
