using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.Oci.Images;

/// <summary>The whole image configuration document (config.md of the image specification). Its digest is the image's id.</summary>
public sealed record Image
{
    /// <summary>When it was built, as written (RFC 3339).</summary>
    public string? Created { get; init; }

    /// <summary>Who built it.</summary>
    public string? Author { get; init; }

    /// <summary>The processor it is for.</summary>
    public string? Architecture { get; init; }

    /// <summary>The variant of the processor.</summary>
    public string? Variant { get; init; }

    /// <summary>The operating system it is for.</summary>
    public string? Os { get; init; }

    /// <summary>What a container made from it runs with.</summary>
    public ImageConfig? Config { get; init; }

    /// <summary>The layers by the digests of their uncompressed content.</summary>
    public required RootFs Rootfs { get; init; }

    /// <summary>How each layer came to be.</summary>
    public IReadOnlyList<ImageHistory>? History { get; init; }

    /// <summary>Fields that this version does not know, kept as they came.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The layers of an image, bottom first.</summary>
public sealed record RootFs
{
    /// <summary>Always <c>layers</c>, if it is said.</summary>
    public string? Type { get; init; }

    /// <summary>The digest of each layer's uncompressed tar.</summary>
    [JsonPropertyName("diff_ids")]
    public required IReadOnlyList<Digest> DiffIds { get; init; }
}

/// <summary>One step of an image's making.</summary>
public sealed record ImageHistory
{
    /// <summary>When, as written (RFC 3339).</summary>
    public string? Created { get; init; }

    /// <summary>The command.</summary>
    [JsonPropertyName("created_by")]
    public string? CreatedBy { get; init; }

    /// <summary>Who.</summary>
    public string? Author { get; init; }

    /// <summary>A remark.</summary>
    public string? Comment { get; init; }

    /// <summary>True when the step made no layer.</summary>
    [JsonPropertyName("empty_layer")]
    public bool? EmptyLayer { get; init; }
}
