using System.Diagnostics.Metrics;

namespace Cri.ImageService.Integrity;

/// <summary>Counters of what is found wrong on disk.</summary>
internal static class StorageMetrics
{
    // The name under which all of Crisp's metrics are published.
    private static readonly Meter _meter = new("crisp");

    /// <summary>Layers that were found damaged, at the start or by a verification.</summary>
    internal static Counter<long> DamagedLayers { get; } =
        _meter.CreateCounter<long>("crisp_image_damaged_layers_total", description: "Layers that were found damaged on disk.");
}
