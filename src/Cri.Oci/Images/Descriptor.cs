using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.Oci.Images;

/// <summary>Points at content by media type, digest and size: descriptor.md of the image specification.</summary>
public sealed record Descriptor
{
    /// <summary>What the content is.</summary>
    public string? MediaType { get; init; }

    /// <summary>The digest that the content must have.</summary>
    public required Digest Digest { get; init; }

    /// <summary>The length that the content must have, in bytes; never negative in a valid document.</summary>
    public required long Size { get; init; }

    /// <summary>In an index, the platform that the manifest is for.</summary>
    public Platform? Platform { get; init; }

    /// <summary>Annotations by name.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>For a manifest in an index, the kind of artifact, when it is not an image.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>Fields that this version does not know, kept as they came.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
