using System.Globalization;
using Cri.Linux;
using StatsMessage = Cri.Ttrpc.CrispApi.Stats;

namespace Cri.Shim.Stats;

/// <summary>Reads the numbers of a container's cgroup, of either version. What the kernel does not count is 0.</summary>
internal static class CgroupSample
{
    // Version 1 says "no limit" with the largest multiple of the page size.
    private const ulong LegacyUnlimited = 1ul << 62;

    /// <summary>Reads now.</summary>
    public static StatsMessage Take(ProcessCgroups cgroups)
    {
        var isLegacy = cgroups.Legacy("memory") is not null;
        var memory = cgroups.Legacy("memory") ?? cgroups.Unified ?? string.Empty;
        var usage = Number($"{memory}/{(isLegacy ? "memory.usage_in_bytes" : "memory.current")}");
        var inactive = Entry($"{memory}/memory.stat", isLegacy ? "total_inactive_file" : "inactive_file");
        var limit = Number($"{memory}/{(isLegacy ? "memory.limit_in_bytes" : "memory.max")}");
        return new StatsMessage
        {
            CpuUsageNanos = cgroups.Legacy("cpuacct") is { } cpu
                ? Number($"{cpu}/cpuacct.usage")
                : 1000 * Entry($"{cgroups.Unified}/cpu.stat", "usage_usec"),
            MemoryUsageBytes = usage,
            MemoryWorkingSetBytes = usage > inactive ? usage - inactive : 0,
            MemoryLimitBytes = limit >= LegacyUnlimited ? 0 : limit,
            Pids = Number($"{cgroups.Legacy("pids") ?? cgroups.Unified}/pids.current"),
        };
    }

    private static ulong Number(string file) =>
        ulong.TryParse(Text(file).AsSpan().Trim(), CultureInfo.InvariantCulture, out var value) ? value : 0;

    private static ulong Entry(string file, string key)
    {
        foreach (var line in Text(file).Split('\n'))
        {
            if (line.StartsWith(key, StringComparison.Ordinal) && line.Length > key.Length && line[key.Length] == ' ')
            {
                return ulong.Parse(line.AsSpan(key.Length + 1), CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }

    private static string Text(string file)
    {
        try
        {
            return SmallFile.ReadText(file);
        }
        catch (LinuxException)
        {
            return string.Empty;
        }
    }
}
