namespace Cri.Linux;

/// <summary>
/// The cgroup that an OCI runtime makes for a container, in every mounted hierarchy, found by the path in its configuration: for
/// when the runtime was killed, or is not there, to clean up after itself.
/// </summary>
public sealed class ContainerCgroup
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);
    private readonly IReadOnlyList<string> _directories;

    private ContainerCgroup(IReadOnlyList<string> directories) => _directories = directories;

    /// <summary>True while there is a directory of it in any hierarchy.</summary>
    public bool Exists => _directories.Any(Directory.Exists);

    /// <summary>
    /// The cgroup of a container; null unless the path ends in its id, as a cgroup that is shared with others is not its own.
    /// </summary>
    /// <param name="cgroupsPath">The runtime-spec's <c>linux.cgroupsPath</c>: a path, or <c>slice:prefix:name</c> for systemd.</param>
    /// <param name="id">The container's id.</param>
    public static ContainerCgroup? Of(string? cgroupsPath, string id)
    {
        if (PathOf(cgroupsPath) is not { } path || id.Length == 0 || !cgroupsPath!.EndsWith(id, StringComparison.Ordinal))
        {
            return null;
        }

        var directories = new List<string>();
        foreach (var mount in MountTable.Cgroups)
        {
            if (!directories.Contains(mount.Target + path))
            {
                directories.Add(mount.Target + path);
            }
        }

        return new ContainerCgroup(directories);
    }

    /// <summary>The path in each hierarchy that a runtime-spec's <c>linux.cgroupsPath</c> stands for; null where the runtime chooses.</summary>
    public static string? PathOf(string? cgroupsPath) => string.IsNullOrEmpty(cgroupsPath)
        ? null
        : cgroupsPath.Split(':') is [var slice, var prefix, var name]
            ? $"{OfSlice(slice)}/{prefix}-{name}.scope"
            : "/" + cgroupsPath.TrimStart('/');

    /// <summary>The path of a slice: systemd nests <c>a-b-c.slice</c> as <c>/a.slice/a-b.slice/a-b-c.slice</c> (systemd.slice(5)).</summary>
    public static string OfSlice(string slice)
    {
        const string Suffix = ".slice";
        if (!slice.EndsWith(Suffix, StringComparison.Ordinal) || slice == "-.slice")
        {
            return "";
        }

        var nested = "";
        var name = slice[..^Suffix.Length];
        for (var end = name.IndexOf('-'); end >= 0; end = name.IndexOf('-', end + 1))
        {
            nested += $"/{name[..end]}{Suffix}";
        }

        return $"{nested}/{slice}";
    }

    /// <summary>The pids in it and below it.</summary>
    public IReadOnlyList<int> Pids()
    {
        // Loops, not queries: over numbers these would cost each shim much code.
        var pids = new List<int>();
        foreach (var directory in Tree())
        {
            foreach (var pid in CgroupProcesses.In(directory))
            {
                if (!pids.Contains(pid))
                {
                    pids.Add(pid);
                }
            }
        }

        return pids;
    }

    /// <summary>
    /// Kills what is in it and removes it, again and again until both have succeeded. False at the end of
    /// <paramref name="limit"/>: something in it cannot be ended.
    /// </summary>
    /// <param name="limit">How long to try.</param>
    /// <param name="delay">Waits for a time, where the caller waits.</param>
    public async Task<bool> RemoveAsync(TimeSpan limit, Func<TimeSpan, Task> delay)
    {
        var until = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (!TryRemove())
        {
            if (Environment.TickCount64 > until)
            {
                return false;
            }

            await delay(_pause);
        }

        return true;
    }

    private bool TryRemove()
    {
        if (!Exists)
        {
            return true;
        }

        Thaw();
        foreach (var pid in Pids())
        {
            if (pid != Environment.ProcessId)
            {
                Signals.Send(pid, Signals.SigKill);
            }
        }

        foreach (var directory in Tree())
        {
            try
            {
                Directory.Delete(directory);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Busy while what was killed is still dying, or gone.
            }
        }

        return !Exists;
    }

    // What version 1 froze does not even die.
    private void Thaw()
    {
        foreach (var file in Tree().Select(directory => Path.Combine(directory, "freezer.state")).Where(File.Exists))
        {
            try
            {
                SmallFile.Set(file, "THAWED");
            }
            catch (LinuxException)
            {
                // Gone meanwhile.
            }
        }
    }

    // The deepest first, as rmdir(2) wants them.
    private List<string> Tree()
    {
        var found = new List<string>();
        foreach (var directory in _directories.Where(Directory.Exists))
        {
            Collect(directory, found);
        }

        return found;
    }

    private static void Collect(string directory, List<string> into)
    {
        try
        {
            foreach (var child in Directory.EnumerateDirectories(directory))
            {
                Collect(child, into);
            }
        }
        catch (IOException)
        {
            // Removed meanwhile.
        }

        into.Add(directory);
    }
}
