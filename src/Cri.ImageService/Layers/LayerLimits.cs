namespace Cri.ImageService.Layers;

/// <summary>How much a layer or an image may unpack to: against archives that are small on the wire and fill the disk.</summary>
public sealed record LayerLimits
{
    /// <summary>Below this many bytes no ratio is too high: a gigabyte of zeros harms nobody.</summary>
    internal const long RatioFloor = 1 << 30;

    /// <summary>The most bytes that a layer's archive may have uncompressed; at least 1.</summary>
    public long LayerBytes { get; init; } = 128L << 30;

    /// <summary>The most bytes that the archives of an image may have uncompressed, all together; at least 1.</summary>
    public long ImageBytes { get; init; } = 512L << 30;

    /// <summary>The most entries of a layer; at least 1.</summary>
    public long LayerEntries { get; init; } = 10_000_000;

    /// <summary>The most entries of an image; at least 1.</summary>
    public long ImageEntries { get; init; } = 20_000_000;

    /// <summary>
    /// The most bytes that a compressed byte may unpack to, counted over a layer of more than a gigabyte; at least 1. DEFLATE
    /// cannot do more than 1032.
    /// </summary>
    public long Ratio { get; init; } = 1100;
}
