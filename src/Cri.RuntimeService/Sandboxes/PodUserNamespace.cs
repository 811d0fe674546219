using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Google.Protobuf.Collections;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// The user namespace of a pod (CRI <c>UserNamespace</c>): one range of users and one of groups, or the node's when the
/// options are absent or say NODE.
/// </summary>
public static class PodUserNamespace
{
    /// <summary>The ids of the pod's user namespace; null when it uses the node's.</summary>
    public static IdMap? Of(V1.PodSandboxConfig config) => SandboxNamespaces.Of(config).UsernsOptions is { Mode: V1.NamespaceMode.Pod } options
        ? new IdMap(Range(options.Uids[0]), Range(options.Gids[0]))
        : null;

    /// <summary>Throws INVALID_ARGUMENT naming what is wrong with a pod's options.</summary>
    /// <param name="pod">What errors call the pod.</param>
    /// <param name="options">The pod's namespaces.</param>
    public static void Check(string pod, V1.NamespaceOption options)
    {
        switch (options.UsernsOptions)
        {
            case null:
                return;
            case { Mode: V1.NamespaceMode.Node } node:
                if (node.Uids.Count > 0 || node.Gids.Count > 0)
                {
                    throw CriError.Invalid($"{pod}: user namespace mode NODE takes no mappings");
                }

                return;
            case { Mode: V1.NamespaceMode.Pod } own:
                CheckRange(pod, "uids", own.Uids);
                CheckRange(pod, "gids", own.Gids);
                CheckOthers(pod, options);
                return;
            default:
                throw CriError.Invalid($"{pod}: user namespace mode {options.UsernsOptions.Mode.ToString().ToUpperInvariant()} is not possible, only POD and NODE");
        }
    }

    /// <summary>
    /// Throws INVALID_ARGUMENT when a container asks for another user namespace than its pod's; one that asks for none gets
    /// the pod's.
    /// </summary>
    public static void CheckContainer(string container, V1.UserNamespace? options, V1.PodSandboxConfig pod)
    {
        var own = SandboxNamespaces.Of(pod).UsernsOptions;
        var same = options is null
            || (options.Mode == (own?.Mode ?? V1.NamespaceMode.Node)
                && options.Uids.Equals(own?.Uids ?? [])
                && options.Gids.Equals(own?.Gids ?? []));
        if (!same)
        {
            throw CriError.Invalid($"{container}: its user namespace {options} differs from the pod's, {own?.ToString() ?? "the node's"}");
        }
    }

    /// <summary>A range in the kernel's terms.</summary>
    public static IdMapping Range(V1.IDMapping range) => new(range.ContainerId, range.HostId, range.Length);

    // As the others do: the kernel could take more ranges, but neither kubelet nor idmapped volumes are made for them.
    private static void CheckRange(string pod, string field, RepeatedField<V1.IDMapping> ranges)
    {
        if (ranges.Count != 1)
        {
            throw CriError.Invalid($"{pod}: user namespace {field}: {ranges.Count} mappings, but exactly one is supported");
        }

        var range = ranges[0];
        if (range.ContainerId != 0)
        {
            throw CriError.Invalid($"{pod}: user namespace {field}: container id 0 is not mapped, the mapping starts at {range.ContainerId}");
        }

        if (range.Length == 0)
        {
            throw CriError.Invalid($"{pod}: user namespace {field}: the mapping has length 0");
        }

        // The last id, 2^32 - 1, means "no id" to the kernel.
        if ((ulong)range.HostId + range.Length > uint.MaxValue)
        {
            throw CriError.Invalid($"{pod}: user namespace {field}: {range.Length} ids from host id {range.HostId} go beyond {uint.MaxValue - 1}");
        }
    }

    // What belongs to the node's user namespace gives the pod's root no power: it could mount neither sysfs, nor proc, nor mqueue.
    private static void CheckOthers(string pod, V1.NamespaceOption options)
    {
        foreach (var (name, mode) in new[] { ("network", options.Network), ("PID", options.Pid), ("IPC", options.Ipc) })
        {
            if (mode == V1.NamespaceMode.Node)
            {
                throw CriError.Invalid($"{pod}: a user namespace cannot be combined with {name} mode NODE");
            }
        }
    }
}
