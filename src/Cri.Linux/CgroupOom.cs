using System.Globalization;

namespace Cri.Linux;

/// <summary>How often the kernel killed for lack of memory in a cgroup.</summary>
public static class CgroupOom
{
    /// <summary>
    /// The number of processes killed: oom_kill of memory.oom_control (version 1) or memory.events (version 2). 0 when the
    /// cgroup is gone or counts nothing.
    /// </summary>
    public static long Kills(ProcessCgroups cgroups)
    {
        var file = cgroups.Legacy("memory") is { } legacy ? $"{legacy}/memory.oom_control" : $"{cgroups.Unified}/memory.events";
        try
        {
            foreach (var line in SmallFile.ReadText(file).Split('\n'))
            {
                if (line.StartsWith("oom_kill ", StringComparison.Ordinal))
                {
                    return long.Parse(line.AsSpan("oom_kill ".Length), CultureInfo.InvariantCulture);
                }
            }
        }
        catch (LinuxException)
        {
            // Removed together with its container.
        }

        return 0;
    }
}
