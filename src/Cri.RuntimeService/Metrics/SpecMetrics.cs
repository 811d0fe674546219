namespace Cri.RuntimeService.Metrics;

/// <summary>What a container was given; 0 where nothing was said.</summary>
internal static class SpecMetrics
{
    private static readonly MetricFamily _period = MetricFamily.Gauge(
        "container_spec_cpu_period", "The CPU period, in microseconds.");

    private static readonly MetricFamily _quota = MetricFamily.Gauge(
        "container_spec_cpu_quota", "The CPU quota in each period, in microseconds.");

    private static readonly MetricFamily _shares = MetricFamily.Gauge(
        "container_spec_cpu_shares", "The CPU shares.");

    private static readonly MetricFamily _memory = MetricFamily.Gauge(
        "container_spec_memory_limit_bytes", "The memory limit.");

    private static readonly MetricFamily _reservation = MetricFamily.Gauge(
        "container_spec_memory_reservation_limit_bytes", "The memory reservation.");

    private static readonly MetricFamily _swap = MetricFamily.Gauge(
        "container_spec_memory_swap_limit_bytes", "The limit of memory and swap together.");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _period,
        _quota,
        _shares,
        _memory,
        _reservation,
        _swap,
    ];

    internal static void Add(MetricSamples samples, V1.LinuxContainerResources? resources)
    {
        samples.Add(_period, Amount(resources?.CpuPeriod));
        samples.Add(_quota, resources?.CpuQuota > 0 ? Amount(resources.CpuQuota) : null);
        samples.Add(_shares, Amount(resources?.CpuShares));
        samples.Add(_memory, Amount(resources?.MemoryLimitInBytes));
        samples.Add(_reservation, 0);
        samples.Add(_swap, Amount(resources?.MemorySwapLimitInBytes));
    }

    private static ulong Amount(long? value) => value > 0 ? (ulong)value : 0;
}
