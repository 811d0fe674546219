using Cri.RuntimeService.Containers;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>A container as the documents of a checkpoint show it.</summary>
internal static class CheckpointView
{
    public static ConfigDump Config(Container container)
    {
        var record = container.Record;
        return new ConfigDump
        {
            Id = record.Id,
            Name = $"{record.Config.Metadata.Name}",
            RootfsImage = record.Config.Image.Image,
            RootfsImageRef = record.ImageRef,
            RootfsImageName = record.Config.Image.Image,
            Runtime = record.Runtime,
            CreatedTime = Time(record.CreatedAt),
            CheckpointedTime = DateTimeOffset.UtcNow,
        };
    }

    public static StatusDump Status(ContainerRecord record) => new()
    {
        Id = record.Id,
        Metadata = new StatusName(record.Config.Metadata.Name, record.Config.Metadata.Attempt),
        State = (int)record.State(),
        CreatedAt = record.CreatedAt,
        StartedAt = record.StartedAt,
        Image = new StatusImage(record.Config.Image.Image, record.Config.Image.UserSpecifiedImage),
        ImageRef = record.ImageRef,
        ImageId = record.ImageId,
        Labels = record.Config.Labels,
        Annotations = record.Config.Annotations,
        LogPath = record.LogPath,
    };

    public static StatusTimes Times(ContainerRecord record) =>
        new(record.CreatedAt, record.StartedAt, record.FinishedAt, record.ExitCode, record.Pid, record.Reason, record.Message);

    private static DateTimeOffset Time(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);
}
