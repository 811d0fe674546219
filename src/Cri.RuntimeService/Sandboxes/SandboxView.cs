using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>A sandbox as the CRI shows it.</summary>
public static class SandboxView
{
    /// <summary>The sandbox's state.</summary>
    public static V1.PodSandboxState State(Sandbox sandbox) =>
        sandbox.IsReady ? V1.PodSandboxState.SandboxReady : V1.PodSandboxState.SandboxNotready;

    /// <summary>Its entry in a list.</summary>
    public static V1.PodSandbox ListItem(Sandbox sandbox)
    {
        var record = sandbox.Record;
        return new V1.PodSandbox
        {
            Id = record.Id,
            Metadata = record.Config.Metadata,
            State = State(sandbox),
            CreatedAt = record.CreatedAt,
            RuntimeHandler = record.RuntimeHandler,
            Labels = { record.Config.Labels },
            Annotations = { record.Config.Annotations },
        };
    }

    /// <summary>The same, encoded.</summary>
    internal static ReadOnlyMemory<byte> ListEntry(Sandbox sandbox) => sandbox.ListEntry.Of(sandbox.Record, (int)State(sandbox), () => ListItem(sandbox));

    /// <summary>Its status. A stopped sandbox has no address.</summary>
    public static V1.PodSandboxStatus Status(Sandbox sandbox)
    {
        var record = sandbox.Record;
        var ips = record.Phase == SandboxPhase.Ready ? record.Ips : [];
        return new V1.PodSandboxStatus
        {
            Id = record.Id,
            Metadata = record.Config.Metadata,
            State = State(sandbox),
            CreatedAt = record.CreatedAt,
            Network = new V1.PodSandboxNetworkStatus
            {
                Ip = ips.FirstOrDefault() ?? "",
                AdditionalIps = { ips.Skip(1).Select(ip => new V1.PodIP { Ip = ip }) },
            },
            Linux = new V1.LinuxPodSandboxStatus
            {
                Namespaces = new V1.Namespace { Options = SandboxNamespaces.Of(record.Config) },
            },
            RuntimeHandler = record.RuntimeHandler,
            Labels = { record.Config.Labels },
            Annotations = { record.Config.Annotations },
        };
    }

    /// <summary>True when the sandbox passes a list's filter: id prefix, state and every label.</summary>
    public static bool Matches(Sandbox sandbox, V1.PodSandboxFilter? filter) => filter is null
        || (sandbox.Id.StartsWith(filter.Id, StringComparison.Ordinal)
            && (filter.State is null || filter.State.State == State(sandbox))
            && LabelSelector.Matches(sandbox.Record.Config.Labels, filter.LabelSelector));
}
