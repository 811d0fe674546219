using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Stats;

/// <summary>Memory and swap of a cgroup, v1 and v2, in the terms of the CRI.</summary>
public static class MemoryReader
{
    // Where v1 says "unlimited": the largest page-aligned number.
    private const ulong Unlimited = 0x7fff_ffff_ffff_f000;

    /// <summary>
    /// The usage of memory and swap; null when the cgroup is gone, and for swap where the kernel does not account for it. The
    /// working set is what cannot be dropped without notice: usage less inactive file pages. Without a limit nothing is said to
    /// be available.
    /// </summary>
    public static (V1.MemoryUsage? Memory, V1.SwapUsage? Swap) Read(CgroupFiles files)
    {
        if (KernelText.NumberIn(files.Memory, files.IsV2 ? "memory.current" : "memory.usage_in_bytes") is not { } usage)
        {
            return default;
        }

        var limit = Limit(files, files.IsV2 ? "memory.max" : "memory.limit_in_bytes");
        using var stat = KernelText.Read(files.Memory, "memory.stat");
        return (Memory(files, usage, limit, stat), Swap(files, limit, stat));
    }

    /// <summary>Usage less inactive file pages, never below 0.</summary>
    public static ulong WorkingSet(ulong usage, ulong inactiveFile) => usage > inactiveFile ? usage - inactiveFile : 0;

    private static V1.MemoryUsage Memory(CgroupFiles files, ulong usage, ulong? limit, KernelText stat)
    {
        var workingSet = WorkingSet(usage, stat[files.IsV2 ? "inactive_file"u8 : "total_inactive_file"u8] ?? 0);
        return new V1.MemoryUsage
        {
            Timestamp = Clock.Now,
            UsageBytes = Amount.Of(usage),
            WorkingSetBytes = Amount.Of(workingSet),
            AvailableBytes = Amount.Of(Left(limit, workingSet)),
            RssBytes = Amount.Of(stat[files.IsV2 ? "anon"u8 : "total_rss"u8]),
            PageFaults = Amount.Of(stat[files.IsV2 ? "pgfault"u8 : "total_pgfault"u8]),
            MajorPageFaults = Amount.Of(stat[files.IsV2 ? "pgmajfault"u8 : "total_pgmajfault"u8]),
            Psi = PressureReader.Read(files, "memory"),
        };
    }

    private static V1.SwapUsage? Swap(CgroupFiles files, ulong? memoryLimit, KernelText stat)
    {
        var used = files.IsV2 ? KernelText.NumberIn(files.Memory, "memory.swap.current") : stat["total_swap"u8];
        if (used is null)
        {
            return null;
        }

        // Version 1 limits memory and swap together.
        var limit = Limit(files, files.IsV2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
        limit = files.IsV2 || memoryLimit is null ? limit : Left(limit, memoryLimit.Value);
        return new V1.SwapUsage
        {
            Timestamp = Clock.Now,
            SwapUsageBytes = Amount.Of(used),
            SwapAvailableBytes = Amount.Of(Left(limit, used.Value)),
        };
    }

    private static ulong? Left(ulong? limit, ulong used) => limit is { } most ? most - Math.Min(most, used) : null;

    // crun sets the limits of a systemd scope on the cgroup of this name within it.
    private static ulong? Limit(CgroupFiles files, string file) => Bounded(KernelText.NumberIn(files.Memory, file))
        ?? (files.IsV2 ? Bounded(KernelText.NumberIn(files.Memory + "/container", file)) : null);

    private static ulong? Bounded(ulong? limit) => limit is < Unlimited ? limit : null;
}
