using Cri.Linux;
using Cri.RuntimeService.Stats;

namespace Cri.RuntimeService.Metrics;

/// <summary>CPU time and throttling.</summary>
internal static class CpuMetrics
{
    private static readonly MetricFamily _usage = MetricFamily.Counter(
        "container_cpu_usage_seconds_total", "CPU time used, in seconds.");

    private static readonly MetricFamily _user = MetricFamily.Counter(
        "container_cpu_user_seconds_total", "CPU time used in user mode, in seconds.");

    private static readonly MetricFamily _system = MetricFamily.Counter(
        "container_cpu_system_seconds_total", "CPU time used in the kernel, in seconds.");

    private static readonly MetricFamily _periods = MetricFamily.Counter(
        "container_cpu_cfs_periods_total", "Scheduler periods in which the CPU limit was enforced.");

    private static readonly MetricFamily _throttledPeriods = MetricFamily.Counter(
        "container_cpu_cfs_throttled_periods_total", "Scheduler periods in which the CPU limit held back.");

    private static readonly MetricFamily _throttled = MetricFamily.Counter(
        "container_cpu_cfs_throttled_seconds_total", "Time for which the CPU limit held back, in seconds.");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _usage,
        _user,
        _system,
        _periods,
        _throttledPeriods,
        _throttled,
    ];

    internal static void Add(MetricSamples samples, CgroupFiles files)
    {
        samples.AddSeconds(_usage, CpuReader.Used(files));
        using var stat = KernelText.Read(files.Cpu, "cpu.stat");
        if (files.IsV2)
        {
            samples.AddSeconds(_user, stat["user_usec"u8] * 1000);
            samples.AddSeconds(_system, stat["system_usec"u8] * 1000);
        }
        else
        {
            // In ticks of 1/100 s (USER_HZ).
            using var ticks = KernelText.Read(files.CpuAccounting, "cpuacct.stat");
            samples.Add(_user, ticks["user"u8] / 100);
            samples.Add(_system, ticks["system"u8] / 100);
        }

        samples.Add(_periods, stat["nr_periods"u8]);
        samples.Add(_throttledPeriods, stat["nr_throttled"u8]);
        samples.AddSeconds(_throttled, files.IsV2 ? stat["throttled_usec"u8] * 1000 : stat["throttled_time"u8]);
    }
}
