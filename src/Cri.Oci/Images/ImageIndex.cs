namespace Cri.Oci.Images;

/// <summary>One manifest for each platform: image-index.md of the image specification, and Docker's manifest list.</summary>
public sealed record ImageIndex
{
    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; }

    /// <summary>The document's own media type; OCI allows it to be absent.</summary>
    public string? MediaType { get; init; }

    /// <summary>The manifests, in the publisher's order of preference.</summary>
    public required IReadOnlyList<Descriptor> Manifests { get; init; }

    /// <summary>Annotations by name.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
