namespace Cri.Linux;

/// <summary>Ends every process in cgroups and below them, and removes the cgroups (cgroups(7)).</summary>
public static class CgroupRemoval
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Removes the directories, which need not exist. Processes are killed by cgroup.kill where the kernel has it (version 2, Linux 5.14),
    /// else each by a pidfd, again and again until none is left.
    /// </summary>
    /// <param name="directories">The cgroup's directory in each hierarchy.</param>
    /// <param name="bound">How long to wait for what was killed to end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The processes that did not end in time; none when the cgroups are gone.</returns>
    public static async Task<IReadOnlyList<int>> RunAsync(
        IReadOnlyList<string> directories, TimeSpan bound, CancellationToken cancellationToken)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var pause = _firstPause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            var left = directories.SelectMany(KillAndRemove).Distinct().ToList();
            if (!directories.Any(Directory.Exists) || System.Diagnostics.Stopwatch.GetElapsedTime(started) > bound)
            {
                return left;
            }

            await Task.Delay(pause, cancellationToken);
        }
    }

    /// <summary>The processes in these cgroups and below them, those of other pid namespaces too.</summary>
    public static IReadOnlyList<int> Processes(IEnumerable<string> directories) =>
        [.. directories.SelectMany(directory => WithChildren(directory).SelectMany(CgroupProcesses.In)).Distinct()];

    /// <summary>
    /// Kills every process in a cgroup and below it, by cgroup.kill or each by a pidfd. Returns those that were there; more may have been
    /// forked meanwhile, where there is no cgroup.kill.
    /// </summary>
    public static IReadOnlyList<int> Kill(string directory)
    {
        var pids = Processes([directory]);
        if (pids.Count > 0 && !TryKillAll(directory))
        {
            KillEach(directory, pids);
        }

        return pids;
    }

    private static IReadOnlyList<int> KillAndRemove(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }

        var pids = Kill(directory);

        foreach (var cgroup in WithChildren(directory))
        {
            TryRemove(cgroup);
        }

        return pids;
    }

    private static bool TryKillAll(string directory)
    {
        try
        {
            SmallFile.Set(Path.Combine(directory, "cgroup.kill"), "1");
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private static void KillEach(string directory, IReadOnlyList<int> pids) =>
        HeldProcesses.Signal(pids, () => Processes([directory]), Signals.SigKill);

    // The innermost first, as rmdir(2) wants it.
    private static IEnumerable<string> WithChildren(string directory)
    {
        string[] children;
        try
        {
            children = Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            children = [];
        }

        return children.SelectMany(WithChildren).Append(directory);
    }

    private static void TryRemove(string directory)
    {
        try
        {
            Directory.Delete(directory);
        }
        catch (IOException)
        {
            // Busy while what was killed is still dying, or gone by now.
        }
    }
}
