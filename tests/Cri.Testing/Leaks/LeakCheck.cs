using Xunit;

namespace Cri.Testing.Leaks;

/// <summary>
/// What one runtime instance holds on this machine: mounts, processes, cgroups, bridge ports, iptables rules, address leases and
/// files of pods. Only what carries one of the instance's own marks counts, so that the rest of the machine may do what it likes.
/// </summary>
public sealed record LeakCheck
{
    /// <summary>The directories below which the instance works: its root, its state, its pods' logs.</summary>
    public required IReadOnlyList<string> Directories { get; init; }

    /// <summary>The bridge of its pods; also the name of its CNI network. Null when it is not ours to check.</summary>
    public string? Bridge { get; init; }

    /// <summary>Where host-local keeps the leases of its network.</summary>
    public string? Leases { get; init; }

    /// <summary>The cgroup that has the pods' cgroups in it, such as <c>/crisp-test</c>.</summary>
    public string? CgroupParent { get; init; }

    /// <summary>Directories that must be empty: where pods and containers have theirs.</summary>
    public IReadOnlyList<string> EmptyDirectories { get; init; } = [];

    /// <summary>Programs that must not run any more below <see cref="Directories"/>; a process counts by its command line.</summary>
    public IReadOnlySet<int> ExpectedProcesses { get; init; } = new HashSet<int>();

    /// <summary>What is there now, each as a line that names it; empty when the instance holds nothing.</summary>
    public IReadOnlyList<string> Find() =>
    [
        .. Mounts(),
        .. Processes(),
        .. Cgroups(),
        .. BridgePorts(),
        .. FirewallRules(),
        .. LeaseFiles(),
        .. Files(),
    ];

    /// <summary>Waits up to ten seconds for the kernel to let go of the last pieces; returns what is left then.</summary>
    public async Task<IReadOnlyList<string>> FindRemainingAsync()
    {
        for (var round = 0; round < 100; round++)
        {
            if (Find().Count == 0)
            {
                return [];
            }

            await Task.Delay(100);
        }

        return Find();
    }

    /// <summary>Fails with everything that is left after <see cref="FindRemainingAsync"/>, a line each.</summary>
    public async Task AssertNothingAsync()
    {
        var left = await FindRemainingAsync();
        Assert.True(left.Count == 0, $"left behind:\n{string.Join('\n', left)}");
    }

    private bool IsOurs(string text) => Directories.Any(directory => text.Contains(directory + "/", StringComparison.Ordinal));

    private IEnumerable<string> Mounts() =>
        from line in File.ReadLines("/proc/self/mountinfo")
        where IsOurs(line)
        select $"mount {line.Split(' ')[4]}";

    // A shim names its bundle, a runtime its root; a container's process is known by the root mount in its namespace.
    private IEnumerable<string> Processes()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && pid != Environment.ProcessId && !ExpectedProcesses.Contains(pid))
            {
                var command = Read(directory + "/cmdline").Replace('\0', ' ');
                if (IsOurs(command) || IsOurs(RootMount(directory)))
                {
                    yield return $"process {pid}: {command}";
                }
            }
        }
    }

    private static string RootMount(string process) =>
        Read(process + "/mountinfo").Split('\n').FirstOrDefault(line => line.Split(' ') is [_, _, _, _, "/", ..]) ?? "";

    // A pod's own cgroup is its kubelet's, here the test's, to remove; what lies in it is the runtime's.
    private IEnumerable<string> Cgroups() => CgroupParent is { } parent
        ? from hierarchy in CgroupHierarchies()
          let top = hierarchy + parent
          where Directory.Exists(top)
          from pod in Directory.EnumerateDirectories(top)
          from cgroup in Directory.EnumerateDirectories(pod, "*", SearchOption.AllDirectories)
          select $"cgroup {cgroup}"
        : [];

    /// <summary>Where the cgroup file systems are mounted.</summary>
    public static IEnumerable<string> CgroupHierarchies() =>
        from line in File.ReadLines("/proc/self/mountinfo")
        let fields = line.Split(" - ")
        where fields.Length == 2 && fields[1].StartsWith("cgroup", StringComparison.Ordinal)
        select fields[0].Split(' ')[4];

    private IEnumerable<string> BridgePorts() => Bridge is { } bridge && Directory.Exists($"/sys/class/net/{bridge}/brif")
        ? Directory.EnumerateFileSystemEntries($"/sys/class/net/{bridge}/brif").Select(port => $"veth {Path.GetFileName(port)} on {bridge}")
        : [];

    private IEnumerable<string> FirewallRules() => Bridge is { } bridge
        ? from line in Command.Run("iptables-save", "-t", "nat").Split('\n')
          where line.Contains($"\"{bridge}\\\"", StringComparison.Ordinal) || line.Contains($"\"{bridge}\"", StringComparison.Ordinal)
          select $"iptables rule {line}"
        : [];

    private IEnumerable<string> LeaseFiles() => Leases is { } leases && Bridge is { } bridge && Directory.Exists(Path.Combine(leases, bridge))
        ? from file in Directory.EnumerateFiles(Path.Combine(leases, bridge))
          where System.Net.IPAddress.TryParse(Path.GetFileName(file), out _)
          select $"address lease {file}"
        : [];

    private IEnumerable<string> Files() =>
        from directory in EmptyDirectories
        where Directory.Exists(directory)
        from entry in Directory.EnumerateFileSystemEntries(directory)
        select $"file {entry}";

    // A process may end while it is being looked at.
    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }
}
