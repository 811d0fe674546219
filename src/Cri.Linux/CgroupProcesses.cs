using System.Globalization;

namespace Cri.Linux;

/// <summary>The processes in one cgroup: cgroup.procs (cgroups(7)).</summary>
internal static class CgroupProcesses
{
    /// <summary>
    /// Reads their pids; none once the cgroup is gone. Processes of an outer PID namespace are left out: the kernel lists them as 0, and a
    /// signal to 0 goes to our own process group.
    /// </summary>
    internal static List<int> In(string directory)
    {
        // A loop, not a query: over numbers that would cost each shim much code.
        var pids = new List<int>();
        try
        {
            foreach (var line in SmallFile.ReadText(Path.Combine(directory, "cgroup.procs")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (int.Parse(line, CultureInfo.InvariantCulture) is > 0 and var pid)
                {
                    pids.Add(pid);
                }
            }
        }
        catch (IOException)
        {
            // Removed meanwhile, or threaded: it lists no processes of its own.
        }

        return pids;
    }
}
