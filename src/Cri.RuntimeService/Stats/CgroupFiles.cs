using System.Globalization;
using Cri.Linux;

namespace Cri.RuntimeService.Stats;

/// <summary>Where the cgroups of a process lie (cgroups(7)); found through /proc once and then read directly.</summary>
/// <param name="Memory">The directory with memory files.</param>
/// <param name="Cpu">The directory with CPU accounting.</param>
/// <param name="Pids">The directory with the process count.</param>
/// <param name="IsV2">True when all three are one directory of the unified hierarchy.</param>
public sealed record CgroupFiles(string Memory, string Cpu, string Pids, bool IsV2)
{
    /// <summary>Finds the cgroups of a process; null when it is gone.</summary>
    public static CgroupFiles? Of(int pid)
    {
        try
        {
            var cgroups = ProcessCgroups.Of(pid);
            if (cgroups.Legacy("memory") is { } memory)
            {
                return new CgroupFiles(memory, cgroups.Legacy("cpuacct") ?? memory, cgroups.Legacy("pids") ?? memory, false);
            }

            return cgroups.Unified is { } unified ? new CgroupFiles(unified, unified, unified, true) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>A file that holds one number; null when it is missing or says <c>max</c>.</summary>
    public static ulong? Number(string directory, string name)
    {
        try
        {
            return ulong.TryParse(File.ReadAllText(Path.Combine(directory, name)).AsSpan().Trim(), NumberStyles.None, null, out var value)
                ? value : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>A file of <c>key value</c> lines; empty when it is missing.</summary>
    public static Dictionary<string, ulong> Table(string directory, string name)
    {
        var table = new Dictionary<string, ulong>(StringComparer.Ordinal);
        try
        {
            foreach (var line in File.ReadLines(Path.Combine(directory, name)))
            {
                var space = line.IndexOf(' ', StringComparison.Ordinal);
                if (space > 0 && ulong.TryParse(line.AsSpan(space + 1), NumberStyles.None, null, out var value))
                {
                    table[line[..space]] = value;
                }
            }
        }
        catch (IOException)
        {
            // The container has just ended.
        }

        return table;
    }
}
