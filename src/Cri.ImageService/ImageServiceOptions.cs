using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>What the image service needs to know.</summary>
public sealed record ImageServiceOptions
{
    /// <summary>The directory that holds blobs, layers, image records and containers' writable layers; on a durable file system.</summary>
    public required string Root { get; init; }

    /// <summary>The directory with <c>&lt;host&gt;/hosts.toml</c> files; null when there is none.</summary>
    public string? HostsDir { get; init; }

    /// <summary>The platform to choose from an index.</summary>
    public Platform Platform { get; init; } = Platform.Host;

    /// <summary>How many layers are fetched and extracted at once, over all pulls; at least 1.</summary>
    public int MaxParallelLayers { get; init; } = 4;

    /// <summary>How long a transfer may stand still before it counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a broken transfer or a 429 or 5xx answer is tried again, in all, before the pull fails; at least 1.</summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>The pause before the first retry; doubled for each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The name sent as User-Agent.</summary>
    public string UserAgent { get; init; } = "crisp";
}
