namespace Cri.Oci.Images;

/// <summary>The media types of images: those of the OCI image specification and of Docker's schema 2.</summary>
public static class MediaTypes
{
    /// <summary>An OCI index: one manifest for each platform.</summary>
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    /// <summary>An OCI manifest.</summary>
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>An OCI image configuration.</summary>
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";

    /// <summary>A plain tar layer.</summary>
    public const string OciLayer = "application/vnd.oci.image.layer.v1.tar";

    /// <summary>A gzip-compressed tar layer.</summary>
    public const string OciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";

    /// <summary>A zstd-compressed tar layer.</summary>
    public const string OciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";

    /// <summary>Docker's manifest list.</summary>
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>Docker's schema 2 manifest.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Docker's image configuration.</summary>
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>Docker's gzip-compressed tar layer.</summary>
    public const string DockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    /// <summary>The placeholder for content that an artifact does not have.</summary>
    public const string OciEmpty = "application/vnd.oci.empty.v1+json";

    private const string DockerSchema1 = "application/vnd.docker.distribution.manifest.v1+";

    private static readonly string[] _layerPrefixes = [OciLayer, "application/vnd.docker.image.rootfs.diff.tar"];

    private static readonly string[] _foreignPrefixes =
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar", "application/vnd.docker.image.rootfs.foreign.diff.tar",
    ];

    /// <summary>What a registry is told we read, best first, for the Accept header of a manifest request.</summary>
    public static IReadOnlyList<string> AcceptedManifests { get; } = [OciIndex, OciManifest, DockerIndex, DockerManifest];

    /// <summary>True for an index or a manifest list.</summary>
    public static bool IsIndex(string? mediaType) => mediaType is OciIndex or DockerIndex;

    /// <summary>True for a manifest of one image.</summary>
    public static bool IsManifest(string? mediaType) => mediaType is OciManifest or DockerManifest;

    /// <summary>True for Docker's obsolete schema 1, which names its layers backwards and has no config digest.</summary>
    public static bool IsSchema1(string? mediaType) => mediaType?.StartsWith(DockerSchema1, StringComparison.Ordinal) == true;

    /// <summary>True for an image configuration, and for what old registries and builders say of one; false for an artifact's.</summary>
    public static bool IsConfig(string? mediaType) => mediaType is null or "" or OciConfig or DockerConfig or "application/octet-stream";

    /// <summary>True for a layer that its publisher does not let registries hand out, such as those of Windows.</summary>
    public static bool IsForeignLayer(string? mediaType) =>
        mediaType is not null && _foreignPrefixes.Any(prefix => mediaType.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>True for a tar layer, however compressed; false for other artifacts such as a Helm chart or an SBOM.</summary>
    public static bool IsLayer(string? mediaType) =>
        mediaType is not null && _layerPrefixes.Any(prefix => mediaType.StartsWith(prefix, StringComparison.Ordinal));
}
