namespace Cri.Linux;

/// <summary>The cgroup directories that a process is in, of either version (cgroups(7), /proc/pid/cgroup).</summary>
public sealed class ProcessCgroups
{
    private readonly Dictionary<string, string> _controllers = [];

    private ProcessCgroups()
    {
    }

    /// <summary>The directory in the version 2 hierarchy; null when none is mounted or it is the root.</summary>
    public string? Unified { get; private set; }

    /// <summary>Reads where a process is now. Throws when there is no such process.</summary>
    public static ProcessCgroups Of(int pid)
    {
        var mounts = MountTable.Cgroups;
        var cgroups = new ProcessCgroups();
        foreach (var line in SmallFile.ReadText($"/proc/{pid}/cgroup").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // 4:memory:/path, and 0::/path for version 2
            var fields = line.Split(':', 3);
            if (fields[0] == "0")
            {
                cgroups.Unified = Directory(mounts.LastOrDefault(mount => mount.Type == "cgroup2"), fields[2]);
                continue;
            }

            foreach (var controller in fields[1].Split(','))
            {
                var mount = mounts.LastOrDefault(mount => mount.Type == "cgroup" && mount.SuperOptions.Split(',').Contains(controller));
                if (Directory(mount, fields[2]) is { } directory)
                {
                    cgroups._controllers[controller] = directory;
                }
            }
        }

        return cgroups;
    }

    /// <summary>The directories of one path in every mounted hierarchy, whether they exist or not.</summary>
    public static ProcessCgroups At(string path)
    {
        var mounts = MountTable.Cgroups;
        var cgroups = new ProcessCgroups { Unified = Directory(mounts.LastOrDefault(mount => mount.Type == "cgroup2"), path) };
        foreach (var mount in mounts.Where(mount => mount.Type == "cgroup"))
        {
            foreach (var option in mount.SuperOptions.Split(','))
            {
                if (Directory(mount, path) is { } directory)
                {
                    cgroups._controllers[option] = directory;
                }
            }
        }

        return cgroups;
    }

    /// <summary>Its directories in all hierarchies, each once.</summary>
    public IReadOnlyList<string> Directories =>
        [.. _controllers.Values.Append(Unified).OfType<string>().Distinct()];

    /// <summary>The directory of a version 1 controller; null when version 2 has it or it is the root.</summary>
    public string? Legacy(string controller) => _controllers.GetValueOrDefault(controller);

    /// <summary>
    /// The pids in the process's cgroup and all below it, in a hierarchy that containers have to themselves; none once it is gone.
    /// </summary>
    public IReadOnlyList<int> Pids()
    {
        var directory = Legacy("pids") ?? Legacy("devices") ?? Legacy("freezer") ?? Legacy("memory") ?? Unified;
        var pids = new List<int>();
        if (directory is not null)
        {
            Collect(directory, pids);
        }

        return pids;
    }

    /// <summary>
    /// Ends every process in the cgroup and below it at once by cgroup.kill (Linux 5.14). False where only version 1 tells the
    /// container's processes from others, or the kernel has no such file.
    /// </summary>
    public bool TryKill()
    {
        if (_controllers.Count > 0 || Unified is null)
        {
            return false;
        }

        try
        {
            SmallFile.Set(Path.Combine(Unified, "cgroup.kill"), "1");
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    private static void Collect(string directory, List<int> pids)
    {
        try
        {
            var lines = SmallFile.ReadText(Path.Combine(directory, "cgroup.procs"));
            foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                pids.Add(int.Parse(line));
            }

            foreach (var child in System.IO.Directory.EnumerateDirectories(directory))
            {
                Collect(child, pids);
            }
        }
        catch (IOException)
        {
            // The cgroup was removed meanwhile, or is threaded and lists no processes of its own.
        }
    }

    private static string? Directory(MountEntry? mount, string path)
    {
        // The root of a hierarchy is nobody's own.
        if (mount is null || path == "/")
        {
            return null;
        }

        // A mount may show only a part of the hierarchy, as inside a container.
        var below = mount.Root != "/" && path.StartsWith(mount.Root, StringComparison.Ordinal) ? path[mount.Root.Length..] : path;
        return mount.Target + below;
    }
}
