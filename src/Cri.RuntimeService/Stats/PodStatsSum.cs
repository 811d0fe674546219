using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Stats;

/// <summary>The usage of a pod without a cgroup of its own: the sum of its running containers'.</summary>
internal static class PodStatsSum
{
    /// <summary>Adds up the containers that <paramref name="usage"/> holds.</summary>
    internal static void Add(V1.LinuxPodSandboxStats usage, IReadOnlyList<CgroupFiles> cgroups)
    {
        var now = Clock.Now;
        var cpu = usage.Containers.Select(container => container.Cpu).OfType<V1.CpuUsage>().ToList();
        var memory = usage.Containers.Select(container => container.Memory).OfType<V1.MemoryUsage>().ToList();
        usage.Cpu = new V1.CpuUsage
        {
            Timestamp = now,
            UsageCoreNanoSeconds = Sum(cpu, one => one.UsageCoreNanoSeconds),
            UsageNanoCores = cpu.All(one => one.UsageNanoCores is not null) ? Sum(cpu, one => one.UsageNanoCores) : null,
        };
        usage.Memory = new V1.MemoryUsage
        {
            Timestamp = now,
            UsageBytes = Sum(memory, one => one.UsageBytes),
            WorkingSetBytes = Sum(memory, one => one.WorkingSetBytes),
            RssBytes = Sum(memory, one => one.RssBytes),
            PageFaults = Sum(memory, one => one.PageFaults),
            MajorPageFaults = Sum(memory, one => one.MajorPageFaults),
        };
        usage.Process = new V1.ProcessUsage
        {
            Timestamp = now,
            ProcessCount = Amount.Of((ulong)cgroups.Sum(files => ProcessList.In(files).Count)),
        };
    }

    private static V1.UInt64Value Sum<T>(IEnumerable<T> all, Func<T, V1.UInt64Value?> value) =>
        new() { Value = all.Aggregate(0UL, (sum, one) => sum + (value(one)?.Value ?? 0)) };
}
