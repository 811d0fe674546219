using System.Globalization;

namespace Cri.Linux;

/// <summary>How often the kernel killed for lack of memory in a cgroup.</summary>
public static class CgroupOom
{
    /// <summary>
    /// The number of processes killed: oom_kill of memory.oom_control (version 1) or memory.events (version 2). Null when the
    /// cgroup is gone or counts nothing.
    /// </summary>
    public static long? Kills(ProcessCgroups cgroups) => cgroups.Legacy("memory") is { } legacy
        ? Count($"{legacy}/memory.oom_control")
        : Count($"{cgroups.Unified}/memory.events");

    /// <summary>
    /// The same of the nearest systemd slice above, which counts for everything that was ever below it, also for a scope that systemd
    /// removed with its last process. Null without a slice, and in version 1, which does not sum up.
    /// </summary>
    public static long? KillsInSlice(ProcessCgroups cgroups) =>
        cgroups.Legacy("memory") is null && Slice(cgroups) is { } slice ? Count($"{slice}/memory.events") : null;

    /// <summary>True when the nearest slice is one made for a pod, not the one in which systemd puts what names none.</summary>
    public static bool HasSliceOfItsOwn(ProcessCgroups cgroups) => Slice(cgroups) is { } slice && Path.GetFileName(slice) != "system.slice";

    private static string? Slice(ProcessCgroups cgroups)
    {
        var directory = cgroups.Unified;
        while (directory is { Length: > 0 } && !directory.EndsWith(".slice", StringComparison.Ordinal))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory is { Length: > 0 } ? directory : null;
    }

    private static long? Count(string file)
    {
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

        return null;
    }
}
