using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Containers;

/// <summary>A container as the CRI shows it.</summary>
public static class ContainerView
{
    /// <summary>The reason of a container that was killed and does not end.</summary>
    public const string StuckReason = "Stuck";

    /// <summary>Its entry in a list.</summary>
    public static V1.Container ListItem(Container container)
    {
        var record = container.Record;
        return new V1.Container
        {
            Id = record.Id,
            PodSandboxId = record.SandboxId,
            Metadata = record.Config.Metadata,
            Image = Image(record),
            ImageRef = record.ImageRef,
            ImageId = record.ImageId,
            State = record.State(),
            CreatedAt = record.CreatedAt,
            Labels = { record.Config.Labels },
            Annotations = { record.Config.Annotations },
        };
    }

    /// <summary>The same, encoded.</summary>
    internal static ReadOnlyMemory<byte> ListEntry(Container container) => container.ListEntry.Of(container.Record, 0, () => ListItem(container));

    /// <summary>Its status.</summary>
    public static V1.ContainerStatus Status(Container container)
    {
        var record = container.Record;
        var status = new V1.ContainerStatus
        {
            Id = record.Id,
            Metadata = record.Config.Metadata,
            State = record.State(),
            CreatedAt = record.CreatedAt,
            StartedAt = record.StartedAt,
            FinishedAt = record.FinishedAt,
            ExitCode = record.ExitCode,
            Image = Image(record),
            ImageRef = record.ImageRef,
            ImageId = record.ImageId,
            Reason = IsStuck(container) ? StuckReason : record.Reason,
            Message = IsStuck(container) ? container.Stuck!.Message : record.Message,
            LogPath = record.LogPath,
            StopSignal = StopSignal.ToCri(record.StopSignal),
            Labels = { record.Config.Labels },
            Annotations = { record.Config.Annotations },
            Mounts = { record.Config.Mounts },
            User = User(record),
        };
        if (record.EffectiveResources is { } resources)
        {
            status.Resources = new V1.ContainerResources { Linux = resources };
        }

        return status;
    }

    /// <summary>True when the container passes a list's filter: id prefix, pod id prefix, state and every label.</summary>
    public static bool Matches(Container container, V1.ContainerFilter? filter) => filter is null
        || (container.Id.StartsWith(filter.Id, StringComparison.Ordinal)
            && container.Sandbox.Id.StartsWith(filter.PodSandboxId, StringComparison.Ordinal)
            && (filter.State is null || filter.State.State == container.State)
            && LabelSelector.Matches(container.Record.Config.Labels, filter.LabelSelector));

    /// <summary>The state as the proto spells it.</summary>
    public static string StateName(V1.ContainerState state) => state switch
    {
        V1.ContainerState.ContainerCreated => "CONTAINER_CREATED",
        V1.ContainerState.ContainerRunning => "CONTAINER_RUNNING",
        V1.ContainerState.ContainerExited => "CONTAINER_EXITED",
        _ => "CONTAINER_UNKNOWN",
    };

    // Once it has ended, how it did is what counts.
    private static bool IsStuck(Container container) => container.Stuck is not null && container.State == V1.ContainerState.ContainerRunning;

    // The kubelet creates containers by image id; a pod's status is to show the name.
    private static V1.ImageSpec Image(ContainerRecord record)
    {
        if (record.ImageName is not { } name)
        {
            return record.Config.Image;
        }

        var spec = record.Config.Image.Clone();
        spec.Image = name;
        return spec;
    }

    private static V1.ContainerUser User(ContainerRecord record) => new()
    {
        Linux = new V1.LinuxContainerUser
        {
            Uid = record.Uid,
            Gid = record.Gid,
            SupplementalGroups = { record.SupplementalGroups.Select(group => (long)group).Prepend(record.Gid) },
        },
    };
}
