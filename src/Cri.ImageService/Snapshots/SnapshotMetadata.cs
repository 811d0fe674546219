using System.Text.Json.Serialization;
using Cri.Linux;

namespace Cri.ImageService.Snapshots;

/// <summary>What <c>containers/&lt;id&gt;/snapshot.json</c> holds: which layers lie below a container's writable one.</summary>
internal sealed record SnapshotMetadata
{
    internal const string FileName = "snapshot.json";

    /// <summary>The version of this file's form.</summary>
    public int Version { get; init; } = RecordVersion.Newest;

    /// <summary>The image that the container was made from.</summary>
    public required string ImageId { get; init; }

    /// <summary>Short layer names, bottom first.</summary>
    public required IReadOnlyList<string> Layers { get; init; }
}

/// <summary>Source-generated JSON of a snapshot's metadata.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SnapshotMetadata))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
