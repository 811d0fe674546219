using Cri.Linux;

namespace Cri.RuntimeService.Runtimes;

/// <summary>The cgroup of a probe's container, for when the runtime did not clean up after itself.</summary>
internal static class ProbeCgroup
{
    private const string CgroupRoot = "/sys/fs/cgroup";
    private const int SigKill = 9;
    private const int Attempts = 50;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Kills what is in it and removes it, in every hierarchy; nothing when it is gone.</summary>
    internal static async Task RemoveAsync(string name)
    {
        foreach (var directory in Directories(name))
        {
            for (var attempt = 0; attempt < Attempts && !TryRemove(directory); attempt++)
            {
                await Task.Delay(_pause);
            }
        }
    }

    private static List<string> Directories(string name)
    {
        string[] hierarchies = Directory.Exists(CgroupRoot) ? [CgroupRoot, .. Directory.GetDirectories(CgroupRoot)] : [];
        return [.. hierarchies
            .SelectMany(hierarchy => new[] { Path.Combine(hierarchy, name), Path.Combine(hierarchy, "system.slice", name + ".scope") })
            .Where(Directory.Exists)];
    }

    private static bool TryRemove(string directory)
    {
        try
        {
            foreach (var pid in File.ReadAllLines(Path.Combine(directory, "cgroup.procs")).Select(int.Parse))
            {
                using var process = PidFd.Open(pid);
                PidFd.Signal(process, SigKill);
            }

            Directory.Delete(directory);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Busy while what was killed is still dying; a process or the cgroup itself may be gone by now.
            return !Directory.Exists(directory);
        }
    }
}
