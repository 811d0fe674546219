using System.Text.Json.Serialization;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Images;

/// <summary>What <c>images/&lt;hex&gt;.json</c> holds. The file is what makes an image exist; everything it names is on disk before.</summary>
internal sealed record StoredImage
{
    /// <summary>The version of this file's form.</summary>
    public int Version { get; init; } = RecordVersion.Newest;

    public required Digest Id { get; init; }

    public required IReadOnlyList<string> RepoTags { get; init; }

    public required IReadOnlyList<string> RepoDigests { get; init; }

    public required long Size { get; init; }

    public required IReadOnlyList<Digest> DiffIds { get; init; }

    public required IReadOnlyList<Digest> Documents { get; init; }

    public IReadOnlyList<Digest>? Blobs { get; init; }

    public required DateTimeOffset PulledAt { get; init; }

    /// <summary>Of an artifact, its content.</summary>
    public IReadOnlyList<ArtifactFile>? Files { get; init; }

    internal static StoredImage From(ImageRecord record) => new()
    {
        Id = Digest.Parse(record.Id),
        RepoTags = record.RepoTags,
        RepoDigests = record.RepoDigests,
        Size = record.Size,
        DiffIds = record.DiffIds,
        Documents = record.Documents,
        Blobs = record.Blobs.Count > 0 ? record.Blobs : null,
        PulledAt = record.PulledAt,
        Files = record.Files,
    };

    internal ImageRecord ToRecord(ImageConfig config, IReadOnlyList<string> layers) => new()
    {
        Id = Id.ToString(),
        RepoTags = RepoTags,
        RepoDigests = RepoDigests,
        Size = Size,
        Config = config,
        Layers = layers,
        DiffIds = DiffIds,
        Documents = Documents,
        Blobs = Blobs ?? [],
        PulledAt = PulledAt,
        Files = Files,
    };
}

/// <summary>Source-generated JSON of an image record.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredImage))]
internal sealed partial class StoredImageJson : JsonSerializerContext;
