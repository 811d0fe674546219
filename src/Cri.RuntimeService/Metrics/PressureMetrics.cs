using Cri.RuntimeService.Stats;

namespace Cri.RuntimeService.Metrics;

/// <summary>Time spent waiting for a resource (PSI); only where the kernel tells.</summary>
internal static class PressureMetrics
{
    private static readonly MetricFamily _cpuStalled = MetricFamily.Counter(
        "container_pressure_cpu_stalled_seconds_total", "Time in which no process could run for lack of CPU, in seconds.");

    private static readonly MetricFamily _cpuWaiting = MetricFamily.Counter(
        "container_pressure_cpu_waiting_seconds_total", "Time in which processes waited for CPU, in seconds.");

    private static readonly MetricFamily _memoryStalled = MetricFamily.Counter(
        "container_pressure_memory_stalled_seconds_total", "Time in which no process could run for lack of memory, in seconds.");

    private static readonly MetricFamily _memoryWaiting = MetricFamily.Counter(
        "container_pressure_memory_waiting_seconds_total", "Time in which processes waited for memory, in seconds.");

    private static readonly MetricFamily _ioStalled = MetricFamily.Counter(
        "container_pressure_io_stalled_seconds_total", "Time in which no process could run for waiting for input or output, in seconds.");

    private static readonly MetricFamily _ioWaiting = MetricFamily.Counter(
        "container_pressure_io_waiting_seconds_total", "Time in which processes waited for input or output, in seconds.");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _cpuStalled,
        _cpuWaiting,
        _memoryStalled,
        _memoryWaiting,
        _ioStalled,
        _ioWaiting,
    ];

    internal static void Add(MetricSamples samples, CgroupFiles files)
    {
        Add(samples, PressureReader.Read(files, "cpu"), _cpuStalled, _cpuWaiting);
        Add(samples, PressureReader.Read(files, "memory"), _memoryStalled, _memoryWaiting);
        Add(samples, PressureReader.Read(files, "io"), _ioStalled, _ioWaiting);
    }

    private static void Add(MetricSamples samples, V1.PsiStats? pressure, MetricFamily stalled, MetricFamily waiting)
    {
        samples.AddSeconds(stalled, pressure?.Full?.Total);
        samples.AddSeconds(waiting, pressure?.Some?.Total);
    }
}
