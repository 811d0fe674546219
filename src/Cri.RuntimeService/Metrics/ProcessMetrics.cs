using Cri.Linux;
using Cri.RuntimeService.Stats;

namespace Cri.RuntimeService.Metrics;

/// <summary>Processes, threads and what they hold open.</summary>
internal static class ProcessMetrics
{
    private static readonly MetricFamily _processes = MetricFamily.Gauge(
        "container_processes", "Processes.");

    private static readonly MetricFamily _threads = MetricFamily.Gauge(
        "container_threads", "Threads.");

    private static readonly MetricFamily _threadsMax = MetricFamily.Gauge(
        "container_threads_max", "The most threads allowed; 0 for no limit.");

    private static readonly MetricFamily _descriptors = MetricFamily.Gauge(
        "container_file_descriptors", "Open file descriptors.");

    private static readonly MetricFamily _sockets = MetricFamily.Gauge(
        "container_sockets", "Open sockets.");

    private static readonly MetricFamily _softLimits = MetricFamily.Gauge(
        "container_ulimits_soft", "Soft limits of the first process, where it has one.", "ulimit");

    internal static IReadOnlyList<MetricFamily> Families { get; } =
    [
        _processes,
        _threads,
        _threadsMax,
        _descriptors,
        _sockets,
        _softLimits,
    ];

    internal static void Add(MetricSamples samples, CgroupFiles files, int pid)
    {
        samples.Add(_threads, KernelText.NumberIn(files.Pids, "pids.current"));
        samples.Add(_threadsMax, KernelText.NumberIn(files.Pids, "pids.max") ?? 0);
        var processes = ProcessList.In(files);
        var open = processes.Select(ProcessDescriptors.Count).ToList();
        samples.Add(_processes, (ulong)processes.Count);
        samples.Add(_descriptors, (ulong)open.Sum(one => one.All));
        samples.Add(_sockets, (ulong)open.Sum(one => one.Sockets));
        samples.Add(_softLimits, OpenFilesLimit(pid), "max_open_files");
    }

    // "Max open files            1024                 524288               files"
    private static ulong? OpenFilesLimit(int pid)
    {
        using var limits = KernelText.Read($"/proc/{pid}", "limits");
        var at = limits.Bytes.IndexOf("Max open files"u8);
        return at < 0 ? null : KernelText.ParseNumber(limits.Bytes[(at + "Max open files".Length)..].TrimStart((byte)' '));
    }
}
