using System.Text.Json.Serialization;
using Cri.Oci.Images;

namespace Cri.ImageService.Images;

/// <summary>What <c>images/&lt;hex&gt;.json</c> holds. The file is what makes an image exist; everything it names is on disk before.</summary>
internal sealed record StoredImage
{
    public required Digest Id { get; init; }

    public required IReadOnlyList<string> RepoTags { get; init; }

    public required IReadOnlyList<string> RepoDigests { get; init; }

    public required long Size { get; init; }

    public required IReadOnlyList<Digest> DiffIds { get; init; }

    public required IReadOnlyList<Digest> Documents { get; init; }

    public required DateTimeOffset PulledAt { get; init; }

    public bool Pinned { get; init; }

    internal static StoredImage From(ImageRecord record) => new()
    {
        Id = Digest.Parse(record.Id),
        RepoTags = record.RepoTags,
        RepoDigests = record.RepoDigests,
        Size = record.Size,
        DiffIds = record.DiffIds,
        Documents = record.Documents,
        PulledAt = record.PulledAt,
        Pinned = record.Pinned,
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
        PulledAt = PulledAt,
        Pinned = Pinned,
    };
}

/// <summary>Source-generated JSON of an image record.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StoredImage))]
internal sealed partial class StoredImageJson : JsonSerializerContext;
