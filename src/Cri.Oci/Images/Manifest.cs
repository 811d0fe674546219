namespace Cri.Oci.Images;

/// <summary>The manifest of one image: manifest.md of the image specification, and Docker's schema 2, which has the same shape.</summary>
public sealed record Manifest
{
    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; }

    /// <summary>The document's own media type; OCI allows it to be absent.</summary>
    public string? MediaType { get; init; }

    /// <summary>The image configuration.</summary>
    public required Descriptor Config { get; init; }

    /// <summary>The layers, bottom first.</summary>
    public required IReadOnlyList<Descriptor> Layers { get; init; }

    /// <summary>Annotations by name.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
