using Cri.Linux;

namespace Cri.RuntimeService.Stats;

/// <summary>The processes in a cgroup and below it.</summary>
public static class ProcessList
{
    /// <summary>Their pids; threads do not count.</summary>
    public static IReadOnlyList<int> In(CgroupFiles files)
    {
        var pids = new List<int>();
        Collect(files.Pids, pids);
        return pids;
    }

    private static void Collect(string directory, List<int> pids)
    {
        using var processes = KernelText.Read(directory, "cgroup.procs");
        foreach (var range in processes.Bytes.Split((byte)'\n'))
        {
            if (KernelText.ParseNumber(processes.Bytes[range]) is { } pid)
            {
                pids.Add((int)pid);
            }
        }

        foreach (var child in Below(directory))
        {
            Collect(child, pids);
        }
    }

    private static string[] Below(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
