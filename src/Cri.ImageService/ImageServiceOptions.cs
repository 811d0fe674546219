using Cri.ImageService.Layers;
using Cri.ImageService.Signatures;
using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>What the image service needs to know.</summary>
public sealed record ImageServiceOptions
{
    /// <summary>The directory that holds blobs, layers, image records and containers' writable layers; on a durable file system.</summary>
    public required string Root { get; init; }

    /// <summary>The directory with <c>&lt;host&gt;/hosts.toml</c> files; null when there is none.</summary>
    public string? HostsDir { get; init; }

    /// <summary>Which images may be pulled, and which only when they are signed.</summary>
    public ImagePolicies Policies { get; init; } = ImagePolicies.AcceptAll;

    /// <summary>Images that the kubelet and pruning must not remove.</summary>
    public IReadOnlyList<ImageNamePattern> Pinned { get; init; } = [];

    /// <summary>The platform to choose from an index.</summary>
    public Platform Platform { get; init; } = Platform.Host;

    /// <summary>How many layers are fetched and extracted at once, over all pulls; at least 1.</summary>
    public int MaxParallelLayers { get; init; } = DefaultMaxParallelLayers;

    /// <summary>What a layer and an image may unpack to.</summary>
    public LayerLimits Limits { get; init; } = new();

    /// <summary>Whether the compressed layers are kept beside the extracted ones.</summary>
    public bool KeepBlobs { get; init; }

    /// <summary>How many connections blobs are fetched over at once, over all pulls and hosts; at least 1.</summary>
    public int MaxConnections { get; init; } = DefaultMaxConnections;

    /// <summary>How many of these go to one host; at least 1.</summary>
    public int MaxConnectionsPerHost { get; init; } = DefaultMaxConnectionsPerHost;

    /// <summary>The size in bytes from which a blob may be fetched over several connections.</summary>
    public long RangeThreshold { get; init; } = 32 << 20;

    /// <summary>The memory in bytes for parts of blobs that came before their turn, over all pulls; 0 for none.</summary>
    public long DownloadMemory { get; init; } = DefaultDownloadMemory;

    /// <summary>How long a transfer may stand still before it counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A transfer that brings fewer bytes a second during <see cref="StallTimeout"/> counts as broken; 0 for any rate.</summary>
    public int MinBytesPerSecond { get; init; } = 1024;

    /// <summary>How often every host is asked for one thing, in a row without progress, before the pull fails; at least 1.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>The pause before the first retry; doubled for each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest of these pauses.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause that a registry can ask for with Retry-After.</summary>
    public TimeSpan RetryAfterMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where HTTP_PROXY and its kin are looked up: the value of a variable, or null.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The name sent as User-Agent.</summary>
    public string UserAgent { get; init; } = "crisp";

    /// <summary>One more than there are processors, 3 to 8: one always waits for the network or the disk.</summary>
    public static int DefaultMaxParallelLayers => Math.Clamp(System.Environment.ProcessorCount + 1, 3, 8);

    /// <summary>Eight connections for each processor, 16 to 64.</summary>
    public static int DefaultMaxConnections => Math.Clamp(System.Environment.ProcessorCount * 8, 16, 64);

    /// <summary>Half of that.</summary>
    public static int DefaultMaxConnectionsPerHost => DefaultMaxConnections / 2;

    /// <summary>A sixty-fourth of the memory there is, 8 to 32 MiB.</summary>
    public static long DefaultDownloadMemory => Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 64, 8 << 20, 32 << 20);
}
