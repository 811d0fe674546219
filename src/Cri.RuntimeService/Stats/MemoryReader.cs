using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Stats;

/// <summary>Memory and swap of a cgroup, v1 and v2, in the terms of the CRI.</summary>
public static class MemoryReader
{
    // Where v1 says "unlimited": the largest page-aligned number.
    private const ulong Unlimited = 0x7fff_ffff_ffff_f000;

    /// <summary>The memory usage. The working set is what cannot be dropped without notice: usage less inactive file pages.</summary>
    public static V1.MemoryUsage Read(CgroupFiles files)
    {
        var stat = CgroupFiles.Table(files.Memory, "memory.stat");
        var usage = CgroupFiles.Number(files.Memory, files.IsV2 ? "memory.current" : "memory.usage_in_bytes") ?? 0;
        var limit = CgroupFiles.Number(files.Memory, files.IsV2 ? "memory.max" : "memory.limit_in_bytes");
        var inactive = stat.GetValueOrDefault(files.IsV2 ? "inactive_file" : "total_inactive_file");
        var workingSet = usage > inactive ? usage - inactive : 0;
        var memory = new V1.MemoryUsage
        {
            Timestamp = Clock.Now,
            WorkingSetBytes = Value(workingSet),
            UsageBytes = Value(usage),
            RssBytes = Value(stat.GetValueOrDefault(files.IsV2 ? "anon" : "total_rss")),
            PageFaults = Value(stat.GetValueOrDefault(files.IsV2 ? "pgfault" : "total_pgfault")),
            MajorPageFaults = Value(stat.GetValueOrDefault(files.IsV2 ? "pgmajfault" : "total_pgmajfault")),
        };
        if (limit is > 0 and < Unlimited)
        {
            memory.AvailableBytes = Value(limit.Value > workingSet ? limit.Value - workingSet : 0);
        }

        return memory;
    }

    /// <summary>The swap usage; null where the kernel does not account for it.</summary>
    public static V1.SwapUsage? Swap(CgroupFiles files)
    {
        if (files.IsV2)
        {
            return CgroupFiles.Number(files.Memory, "memory.swap.current") is { } used
                ? Build(used, CgroupFiles.Number(files.Memory, "memory.swap.max"))
                : null;
        }

        var both = CgroupFiles.Number(files.Memory, "memory.memsw.usage_in_bytes");
        var memory = CgroupFiles.Number(files.Memory, "memory.usage_in_bytes") ?? 0;
        return both is { } total ? Build(total > memory ? total - memory : 0, null) : null;
    }

    private static V1.SwapUsage Build(ulong used, ulong? limit) => new()
    {
        Timestamp = Clock.Now,
        SwapUsageBytes = Value(used),
        SwapAvailableBytes = limit is { } most ? Value(most > used ? most - used : 0) : null,
    };

    private static V1.UInt64Value Value(ulong value) => new() { Value = value };
}
