using System.Text.Json.Serialization;

namespace Cri.Oci.Images;

/// <summary>
/// The manifest of one image or artifact: manifest.md of the image specification, and Docker's schema 2, which has the same shape.
/// </summary>
public sealed record Manifest
{
    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; }

    /// <summary>The document's own media type; OCI allows it to be absent.</summary>
    public string? MediaType { get; init; }

    /// <summary>The kind of artifact, when it is not an image.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The image configuration; of an artifact, anything.</summary>
    public required Descriptor Config { get; init; }

    /// <summary>The layers, bottom first; of an artifact, its content.</summary>
    public required IReadOnlyList<Descriptor> Layers { get; init; }

    /// <summary>Annotations by name.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>What kind of artifact it is: a media type. Null when it is an image, which its configuration tells.</summary>
    [JsonIgnore]
    public string? Artifact => MediaTypes.IsConfig(Config.MediaType) ? null : ArtifactType is { Length: > 0 } type ? type : Config.MediaType;
}
