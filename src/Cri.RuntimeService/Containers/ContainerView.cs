using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Containers;

/// <summary>A container as the CRI shows it.</summary>
public static class ContainerView
{
    /// <summary>Its entry in a list.</summary>
    public static V1.Container ListItem(Container container)
    {
        var record = container.Record;
        return new V1.Container
        {
            Id = record.Id,
            PodSandboxId = record.SandboxId,
            Metadata = record.Config.Metadata,
            Image = record.Config.Image,
            ImageRef = record.ImageRef,
            ImageId = record.ImageId,
            State = record.State(),
            CreatedAt = record.CreatedAt,
            Labels = { record.Config.Labels },
            Annotations = { record.Config.Annotations },
        };
    }

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
            Image = record.Config.Image,
            ImageRef = record.ImageRef,
            ImageId = record.ImageId,
            Reason = record.Reason,
            Message = record.Message,
            LogPath = record.LogPath,
            StopSignal = StopSignal.ToCri(record.StopSignal),
            Labels = { record.Config.Labels },
            Annotations = { record.Config.Annotations },
            Mounts = { record.Config.Mounts },
            User = User(record),
        };
        if (record.Config.Linux?.Resources is { } resources)
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
