using Cri.Linux;
using Cri.RuntimeService.Stats;

namespace Cri.RuntimeService.Metrics;

/// <summary>Memory, swap and what happened for lack of them.</summary>
internal static class MemoryMetrics
{
    private static readonly MetricFamily _usage = MetricFamily.Gauge(
        "container_memory_usage_bytes", "Memory in use, caches included.");

    private static readonly MetricFamily _workingSet = MetricFamily.Gauge(
        "container_memory_working_set_bytes", "Memory in use less file pages not used lately.");

    private static readonly MetricFamily _peak = MetricFamily.Gauge(
        "container_memory_max_usage_bytes", "The most memory that was ever in use.");

    private static readonly MetricFamily _rss = MetricFamily.Gauge(
        "container_memory_rss", "Anonymous memory, in bytes.");

    private static readonly MetricFamily _cache = MetricFamily.Gauge(
        "container_memory_cache", "Page cache, in bytes.");

    private static readonly MetricFamily _mapped = MetricFamily.Gauge(
        "container_memory_mapped_file", "Mapped files, in bytes.");

    private static readonly MetricFamily _swap = MetricFamily.Gauge(
        "container_memory_swap", "Swap in use, in bytes.");

    private static readonly MetricFamily _kernel = MetricFamily.Gauge(
        "container_memory_kernel_usage", "Memory that the kernel uses on its behalf, in bytes.");

    private static readonly MetricFamily _activeFile = MetricFamily.Gauge(
        "container_memory_total_active_file_bytes", "File pages used lately.");

    private static readonly MetricFamily _inactiveFile = MetricFamily.Gauge(
        "container_memory_total_inactive_file_bytes", "File pages not used lately.");

    private static readonly MetricFamily _limitHits = MetricFamily.Counter(
        "container_memory_failcnt", "How often the memory limit was hit.");

    private static readonly MetricFamily _faults = MetricFamily.Counter(
        "container_memory_failures_total", "Page faults, by type and scope.", "failure_type", "scope");

    private static readonly MetricFamily _oomKills = MetricFamily.Counter(
        "container_oom_events_total", "Processes killed for lack of memory.");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _usage,
        _workingSet,
        _peak,
        _rss,
        _cache,
        _mapped,
        _swap,
        _kernel,
        _activeFile,
        _inactiveFile,
        _limitHits,
        _faults,
        _oomKills,
    ];

    internal static void Add(MetricSamples samples, CgroupFiles files)
    {
        using var stat = KernelText.Read(files.Memory, "memory.stat");
        var usage = KernelText.NumberIn(files.Memory, files.IsV2 ? "memory.current" : "memory.usage_in_bytes");
        var inactive = stat[files.IsV2 ? "inactive_file"u8 : "total_inactive_file"u8];
        samples.Add(_usage, usage);
        samples.Add(_workingSet, usage is { } used ? MemoryReader.WorkingSet(used, inactive ?? 0) : null);
        samples.Add(_inactiveFile, inactive);
        samples.Add(_activeFile, stat[files.IsV2 ? "active_file"u8 : "total_active_file"u8]);
        samples.Add(_rss, stat[files.IsV2 ? "anon"u8 : "total_rss"u8]);
        samples.Add(_cache, stat[files.IsV2 ? "file"u8 : "total_cache"u8]);
        samples.Add(_mapped, stat[files.IsV2 ? "file_mapped"u8 : "total_mapped_file"u8]);
        samples.Add(_peak, KernelText.NumberIn(files.Memory, files.IsV2 ? "memory.peak" : "memory.max_usage_in_bytes"));
        AddFaults(samples, stat, files.IsV2);
        if (files.IsV2)
        {
            AddUnified(samples, stat, files);
        }
        else
        {
            AddLegacy(samples, stat, files);
        }
    }

    // Version 2 only counts a cgroup together with those below it.
    private static void AddFaults(MetricSamples samples, KernelText stat, bool isV2)
    {
        samples.Add(_faults, stat["pgfault"u8], "pgfault", "container");
        samples.Add(_faults, stat["pgmajfault"u8], "pgmajfault", "container");
        samples.Add(_faults, stat[isV2 ? "pgfault"u8 : "total_pgfault"u8], "pgfault", "hierarchy");
        samples.Add(_faults, stat[isV2 ? "pgmajfault"u8 : "total_pgmajfault"u8], "pgmajfault", "hierarchy");
    }

    private static void AddUnified(MetricSamples samples, KernelText stat, CgroupFiles files)
    {
        using var events = KernelText.Read(files.Memory, "memory.events");
        samples.Add(_swap, KernelText.NumberIn(files.Memory, "memory.swap.current"));
        samples.Add(_kernel, stat["kernel"u8] ?? stat["kernel_stack"u8]);
        samples.Add(_limitHits, events["max"u8]);
        samples.Add(_oomKills, events["oom_kill"u8]);
    }

    private static void AddLegacy(MetricSamples samples, KernelText stat, CgroupFiles files)
    {
        using var oom = KernelText.Read(files.Memory, "memory.oom_control");
        samples.Add(_swap, stat["total_swap"u8]);
        samples.Add(_kernel, KernelText.NumberIn(files.Memory, "memory.kmem.usage_in_bytes"));
        samples.Add(_limitHits, KernelText.NumberIn(files.Memory, "memory.failcnt"));
        samples.Add(_oomKills, oom["oom_kill"u8]);
    }
}
