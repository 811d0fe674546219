using System.Diagnostics;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;

namespace Cri.Testing.Leaks;

/// <summary>Removes by force what a failed test left, so that one failure does not become many.</summary>
public static class LeftoverRemoval
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Ends the processes, unmounts the mounts and removes the cgroups that the check names.</summary>
    public static void Run(LeakCheck check)
    {
        foreach (var leak in check.Find().Where(leak => leak.StartsWith("process ", StringComparison.Ordinal)))
        {
            Kill(int.Parse(leak.Split(' ', ':')[1]));
        }

        foreach (var leak in check.Find().Where(leak => leak.StartsWith("mount ", StringComparison.Ordinal)).Reverse())
        {
            using var umount = Process.Start("umount", ["-l", leak["mount ".Length..]]);
            umount.WaitForExit();
        }

        RemoveCgroups(check.CgroupParent);
    }

    private static void RemoveCgroups(string? parent)
    {
        if (parent is not null && parent.EndsWith(".slice", StringComparison.Ordinal))
        {
            // To systemd a slice is active, and those below it too, until it is stopped.
            using var systemctl = Process.Start("systemctl", ["stop", parent[1..]]);
            systemctl.WaitForExit();
        }

        var limit = Stopwatch.StartNew();
        foreach (var top in CgroupTree.Hierarchies().Select(hierarchy => hierarchy + parent).Where(Directory.Exists))
        {
            // What was killed keeps its cgroup until init has reaped it.
            while (parent is not null && Directory.Exists(top) && limit.Elapsed < Eventually.Patience)
            {
                // The deepest first; the files in a cgroup go with its directory, so rmdir(2) and not a recursive removal.
                using var rmdir = Process.Start(new ProcessStartInfo("find", [top, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]) { RedirectStandardError = true })!;
                rmdir.StandardError.ReadToEnd();
                rmdir.WaitForExit();
                Thread.Sleep(_pause);
            }
        }
    }

    private static void Kill(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            process.WaitForExit(5000);
        }
        catch (ArgumentException)
        {
            // It ended by itself.
        }
    }
}
