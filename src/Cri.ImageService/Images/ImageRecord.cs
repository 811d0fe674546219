using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>An image that is wholly here: every layer extracted, verified and on stable storage. Immutable.</summary>
public sealed record ImageRecord
{
    /// <summary>The digest of its configuration, <c>sha256:...</c>; of an artifact's manifest, since many share one configuration.</summary>
    public required string Id { get; init; }

    /// <summary>Its names with tags, complete: <c>docker.io/library/nginx:latest</c>. Empty when its last tag moved on.</summary>
    public required IReadOnlyList<string> RepoTags { get; init; }

    /// <summary>Its names with the digests they resolved to: <c>docker.io/library/nginx@sha256:...</c>.</summary>
    public required IReadOnlyList<string> RepoDigests { get; init; }

    /// <summary>Bytes of its content as the registry holds it: manifest, configuration and compressed layers.</summary>
    public required long Size { get; init; }

    /// <summary>What a container made from it runs with.</summary>
    public required ImageConfig Config { get; init; }

    /// <summary>The short names of its layers, bottom first.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>The digests of its uncompressed layers, bottom first.</summary>
    public required IReadOnlyList<Digest> DiffIds { get; init; }

    /// <summary>True when the kubelet must never remove it.</summary>
    public bool Pinned { get; init; }

    /// <summary>When it was last pulled.</summary>
    public required DateTimeOffset PulledAt { get; init; }

    /// <summary>
    /// Of an artifact, its content; null for an image. An artifact can be mounted as a volume, but no container can be made from
    /// it. It has no layers, and its id is the digest of its manifest.
    /// </summary>
    public IReadOnlyList<ArtifactFile>? Files { get; init; }

    /// <summary>The documents that belong to it: index, manifest and configuration, and the content of an artifact.</summary>
    internal IReadOnlyList<Digest> Documents { get; init; } = [];

    /// <summary>Those of its compressed layers that are kept.</summary>
    internal IReadOnlyList<Digest> Blobs { get; init; } = [];

    /// <summary>Everything of it that lies below <c>blobs/</c>.</summary>
    internal IEnumerable<Digest> Content => Documents.Concat(Blobs);
}
