using System.Text.Json.Serialization;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>The names in a checkpoint archive, which kubelets, checkpointctl, containerd and CRI-O share.</summary>
internal static class CheckpointNames
{
    internal const string Images = "checkpoint";
    internal const string ConfigDump = "config.dump";
    internal const string SpecDump = "spec.dump";
    internal const string StatusDump = "status.dump";
    internal const string Status = "status";
    internal const string RootfsDiff = "rootfs-diff.tar";
    internal const string DeletedFiles = "deleted.files";
    internal const string DumpLog = "dump.log";
    internal const string ContainerLog = "container.log";
}

/// <summary>config.dump: which container it was, and of which image.</summary>
internal sealed record ConfigDump
{
    public string Id { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>The image as the pod named it.</summary>
    public string RootfsImage { get; init; } = "";

    /// <summary>The image by digest.</summary>
    public string RootfsImageRef { get; init; } = "";

    public string RootfsImageName { get; init; } = "";

    public string Runtime { get; init; } = "";

    public DateTimeOffset CreatedTime { get; init; }

    public DateTimeOffset CheckpointedTime { get; init; }

    public DateTimeOffset RestoredTime { get; init; }

    public bool Restored { get; init; }
}

/// <summary>status.dump: the CRI's container status, in the JSON of Go's structures: numbers for enumerations and 64-bit values.</summary>
internal sealed record StatusDump
{
    public string Id { get; init; } = "";

    public StatusName? Metadata { get; init; }

    public int State { get; init; }

    public long CreatedAt { get; init; }

    public long StartedAt { get; init; }

    public StatusImage? Image { get; init; }

    public string ImageRef { get; init; } = "";

    public string ImageId { get; init; } = "";

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public string LogPath { get; init; } = "";
}

/// <summary>The metadata in <see cref="StatusDump"/>.</summary>
internal sealed record StatusName(string Name, uint Attempt);

/// <summary>The image in <see cref="StatusDump"/>.</summary>
internal sealed record StatusImage(string Image, string UserSpecifiedImage);

/// <summary>status: the times that checkpointctl shows.</summary>
internal sealed record StatusTimes(
    [property: JsonPropertyName("CreatedAt")] long CreatedAt,
    [property: JsonPropertyName("StartedAt")] long StartedAt,
    [property: JsonPropertyName("FinishedAt")] long FinishedAt,
    [property: JsonPropertyName("ExitCode")] int ExitCode,
    [property: JsonPropertyName("Pid")] int Pid,
    [property: JsonPropertyName("Reason")] string Reason,
    [property: JsonPropertyName("Message")] string Message);

/// <summary>The JSON of config.dump, status and deleted.files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ConfigDump))]
[JsonSerializable(typeof(StatusTimes))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class CheckpointJson : JsonSerializerContext;

/// <summary>The JSON of status.dump.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
[JsonSerializable(typeof(StatusDump))]
internal sealed partial class StatusDumpJson : JsonSerializerContext;
