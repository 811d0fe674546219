namespace Cri.RuntimeService.Metrics;

/// <summary>When a container was started and last seen.</summary>
internal static class LifetimeMetrics
{
    private static readonly MetricFamily _lastSeen = MetricFamily.Gauge(
        "container_last_seen", "When the container was last seen, in seconds since 1970.");

    private static readonly MetricFamily _startTime = MetricFamily.Gauge(
        "container_start_time_seconds", "When the container was started, in seconds since 1970.");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _lastSeen,
        _startTime,
    ];

    internal static void Add(MetricSamples samples, long startedAt)
    {
        samples.AddSeconds(_lastSeen, (ulong)samples.Time);
        samples.AddSeconds(_startTime, (ulong)startedAt);
    }
}
