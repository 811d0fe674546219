using System.Diagnostics;

namespace Cri.Testing.Leaks;

/// <summary>Removes by force what a failed test left, so that one failure does not become many.</summary>
public static class LeftoverRemoval
{
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
        foreach (var top in LeakCheck.CgroupHierarchies().Select(hierarchy => hierarchy + parent).Where(Directory.Exists))
        {
            if (parent is not null)
            {
                // The deepest first; the files in a cgroup go with its directory, so rmdir(2) and not a recursive removal.
                using var rmdir = Process.Start("find", [top, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
                rmdir.WaitForExit();
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
