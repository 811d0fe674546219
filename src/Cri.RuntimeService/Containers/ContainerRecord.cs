using System.Text.Json.Serialization;
using Cri.ImageService.Snapshots;
using Cri.Linux;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// All that is known of a container; immutable, persisted as <c>container.json</c>. Its state follows from the times:
/// created, started, finished.
/// </summary>
public sealed record ContainerRecord
{
    /// <summary>The version of this file's form.</summary>
    public int Version { get; init; } = RecordVersion.Newest;

    /// <summary>The container id.</summary>
    public required string Id { get; init; }

    /// <summary>The pod it belongs to.</summary>
    public required string SandboxId { get; init; }

    /// <summary>When it was created, Unix nanoseconds.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>When its process was started, Unix nanoseconds; 0 if it was not.</summary>
    public long StartedAt { get; init; }

    /// <summary>When it ended, Unix nanoseconds; 0 if it has not.</summary>
    public long FinishedAt { get; init; }

    /// <summary>The pid of its init; 0 when it does not run.</summary>
    public int Pid { get; init; }

    /// <summary>The exit code, 128 plus the signal when a signal ended it.</summary>
    public int ExitCode { get; init; }

    /// <summary>Why it is in its state: Completed, Error, OOMKilled, StartError.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The reason in words.</summary>
    public string Message { get; init; } = "";

    /// <summary>The config digest of its image.</summary>
    public required string ImageId { get; init; }

    /// <summary>The image by a name that tells people something, where the configuration has only its id; null elsewhere.</summary>
    public string? ImageName { get; init; }

    /// <summary>The digest reference of its image, or the id when it has none.</summary>
    public required string ImageRef { get; init; }

    /// <summary>What is mounted as its root file system.</summary>
    public required SnapshotMount Rootfs { get; init; }

    /// <summary>The SELinux label of its root file system; null for none.</summary>
    public string? MountLabel { get; init; }

    /// <summary>The directory of the CRIU images that it is restored from at its start; null for a fresh start.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>Where its log is written; empty for none.</summary>
    public string LogPath { get; init; } = "";

    /// <summary>The OCI runtime that runs it.</summary>
    public required string Runtime { get; init; }

    /// <summary>True when commands may be started in it without the OCI runtime.</summary>
    public bool DirectExecs { get; init; }

    /// <summary>The signal that asks it to end.</summary>
    public required int StopSignal { get; init; }

    /// <summary>The user id of its first process.</summary>
    public uint Uid { get; init; }

    /// <summary>The group id of its first process.</summary>
    public uint Gid { get; init; }

    /// <summary>The supplementary groups of its first process.</summary>
    public IReadOnlyList<uint> SupplementalGroups { get; init; } = [];

    /// <summary>The limits since the last update; null while those of the configuration hold.</summary>
    public V1.LinuxContainerResources? Resources { get; init; }

    /// <summary>The configuration as the kubelet gave it.</summary>
    public required V1.ContainerConfig Config { get; init; }

    /// <summary>The limits that hold; null when there never were any.</summary>
    [JsonIgnore]
    public V1.LinuxContainerResources? EffectiveResources => Resources ?? Config.Linux?.Resources;

    /// <summary>The name that is reserved while the container exists: unique in its pod.</summary>
    public static string Name(V1.ContainerMetadata container, string sandboxId) => $"{container.Name}_{container.Attempt}_{sandboxId}";

    /// <summary>The state in the CRI's terms.</summary>
    public V1.ContainerState State() => this switch
    {
        { FinishedAt: > 0 } => V1.ContainerState.ContainerExited,
        { StartedAt: > 0 } => V1.ContainerState.ContainerRunning,
        _ => V1.ContainerState.ContainerCreated,
    };
}

/// <summary>What the shim records when a container's init ends, before it tells anyone (<c>exit.json</c>).</summary>
public sealed record ExitRecord
{
    /// <summary>The pid it had.</summary>
    public int Pid { get; init; }

    /// <summary>The exit code, 128 plus the signal when a signal ended it.</summary>
    public int ExitCode { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset ExitedAt { get; init; }

    /// <summary>True when the kernel killed a process of it for lack of memory.</summary>
    public bool OomKilled { get; init; }

    /// <summary>The signal that ended it, or 0.</summary>
    public int Signal { get; init; }
}
