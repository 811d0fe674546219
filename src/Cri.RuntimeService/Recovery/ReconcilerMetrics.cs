using System.Diagnostics.Metrics;

namespace Cri.RuntimeService.Recovery;

/// <summary>Counters of what was found that nobody owns.</summary>
internal static class ReconcilerMetrics
{
    // The name under which all of Crisp's metrics are published.
    private static readonly Meter _meter = new("crisp");

    private static readonly Counter<long> _repaired =
        _meter.CreateCounter<long>("crisp_reconciled_total", description: "Things that nobody owned and that were removed, by kind.");

    private static readonly Counter<long> _failed =
        _meter.CreateCounter<long>("crisp_reconcile_failures_total", description: "Attempts to remove things that nobody owned that failed, by kind.");

    /// <summary>Counts one.</summary>
    internal static void Count(Repair repair) =>
        (repair.Error is null ? _repaired : _failed).Add(1, new KeyValuePair<string, object?>("kind", repair.Finding.Kind));
}
