using System.Diagnostics;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Testing.Leaks;

/// <summary>
/// What one runtime instance holds on this machine: mounts, processes, cgroups, bridge ports, iptables rules, address leases and
/// files of pods. Only what carries one of the instance's own marks counts, so that the rest of the machine may do what it likes.
/// </summary>
public sealed record LeakCheck
{
    private static readonly Func<string, IEnumerable<string>> _anything = Directory.EnumerateFileSystemEntries;
    private static readonly Func<string, IEnumerable<string>> _directories = Directory.EnumerateDirectories;
    private static readonly Func<string, IEnumerable<string>> _directoriesBelow = top => Directory.EnumerateDirectories(top, "*", SearchOption.AllDirectories);

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

    /// <summary>Waits as long as <see cref="Eventually.Patience"/> for the kernel to let go of the last pieces; returns what is left then.</summary>
    public async Task<IReadOnlyList<string>> FindRemainingAsync()
    {
        var limit = Stopwatch.StartNew();
        while (true)
        {
            // Not on the few threads that the tests share: it reads all of /proc.
            var left = await Task.Run(Find);
            if (left.Count == 0 || limit.Elapsed > Eventually.Patience)
            {
                return left;
            }

            await Task.Delay(100);
        }
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
        foreach (var directory in Entries("/proc", _directories))
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
        ? from hierarchy in CgroupTree.Hierarchies()
          let top = hierarchy + parent
          from pod in Entries(top, _directories)
          from cgroup in Entries(pod, _directoriesBelow)
          select $"cgroup {cgroup}"
        : [];

    private IEnumerable<string> BridgePorts() => Bridge is { } bridge
        ? Entries($"/sys/class/net/{bridge}/brif", _anything).Select(port => $"veth {Path.GetFileName(port)} on {bridge}")
        : [];

    private IEnumerable<string> FirewallRules() => Bridge is { } bridge
        ? from line in Command.Run("iptables-save", "-t", "nat").Split('\n')
          where line.Contains($"\"{bridge}\\\"", StringComparison.Ordinal) || line.Contains($"\"{bridge}\"", StringComparison.Ordinal)
          select $"iptables rule {line}"
        : [];

    private IEnumerable<string> LeaseFiles() => Leases is { } leases && Bridge is { } bridge
        ? from file in Entries(Path.Combine(leases, bridge), _anything)
          where System.Net.IPAddress.TryParse(Path.GetFileName(file), out _)
          select $"address lease {file}"
        : [];

    private IEnumerable<string> Files() =>
        from directory in EmptyDirectories
        from entry in Entries(directory, _anything)
        select $"file {entry}";

    // Other tests remove their own pods meanwhile, so a directory may be gone by the time it is opened or read.
    private static IReadOnlyList<string> Entries(string directory, Func<string, IEnumerable<string>> listing)
    {
        try
        {
            return [.. listing(directory)];
        }
        catch (IOException)
        {
            return [];
        }
    }

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
