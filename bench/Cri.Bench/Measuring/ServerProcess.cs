using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;

namespace Cri.Bench.Measuring;

/// <summary>
/// The server behind a socket, and all that belongs to it: when it has a cgroup of its own, what that holds (its shims and the
/// OCI runtimes they start, but not the pods, which have cgroups elsewhere); else only itself and its children.
/// </summary>
public sealed class ServerProcess
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;
    private const double TicksPerSecond = 100;

    private static readonly TimeSpan _settling = TimeSpan.FromSeconds(15);
    private readonly string? _cgroup;

    private ServerProcess(int pid)
    {
        Pid = pid;
        _cgroup = OwnCgroup(pid);
    }

    /// <summary>Its process id.</summary>
    public int Pid { get; }

    /// <summary>Whether what belongs to it can be told apart from the rest of the machine.</summary>
    public bool HasCgroup => _cgroup is not null;

    /// <summary>Asks the kernel who listens on a unix socket.</summary>
    public static ServerProcess Behind(string socket)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(socket));
        var credentials = new byte[12];
        client.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        return new ServerProcess(BinaryPrimitives.ReadInt32LittleEndian(credentials));
    }

    /// <summary>The processor time of all that belongs to it, in seconds, since it began.</summary>
    public double CpuSeconds()
    {
        if (_cgroup is not null)
        {
            // cgroup v1 counts nanoseconds, v2 microseconds, in the first line of cpu.stat.
            return File.Exists(_cgroup + "/cpuacct.usage")
                ? double.Parse(File.ReadAllText(_cgroup + "/cpuacct.usage"), CultureInfo.InvariantCulture) / 1e9
                : double.Parse(File.ReadLines(_cgroup + "/cpu.stat").First().Split(' ')[1], CultureInfo.InvariantCulture) / 1e6;
        }

        // proc_pid_stat(5): utime, stime, cutime and cstime are fields 14 to 17; the second one ends with the last parenthesis.
        var stat = File.ReadAllText($"/proc/{Pid}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Skip(11).Take(4).Sum(double.Parse) / TicksPerSecond;
    }

    /// <summary>The other processes that belong to it: shims and what they have started outside of pods' cgroups.</summary>
    public IReadOnlyList<int> Others() => _cgroup is null ? [] : [.. Processes(_cgroup).Where(pid => pid != Pid)];

    /// <summary>The processes in a cgroup and in those below it, by its path in the hierarchy that counts processor time.</summary>
    public static IEnumerable<int> ProcessesBelow(string cgroup) =>
        CpuHierarchy() is { } hierarchy && Directory.Exists(hierarchy + cgroup) ? Processes(hierarchy + cgroup) : [];

    /// <summary>Lets <see cref="PeakMemory"/> begin anew.</summary>
    public void ResetPeak() => File.WriteAllText($"/proc/{Pid}/clear_refs", "5");

    /// <summary>The most resident memory since the last reset, in megabytes.</summary>
    public double PeakMemory()
    {
        var line = File.ReadLines($"/proc/{Pid}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }

    /// <summary>Waits until it is quiet and has had time to give back what it does not need.</summary>
    public async Task SettleAsync()
    {
        await QuietAsync();
        await Task.Delay(_settling);
    }

    /// <summary>Waits until all that belongs to it has used no processor time to speak of for a second, at most a minute.</summary>
    public async Task QuietAsync()
    {
        var before = CpuSeconds();
        for (var i = 0; i < 60; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            var now = CpuSeconds();
            if (now - before < 0.03)
            {
                return;
            }

            before = now;
        }
    }

    private static IEnumerable<int> Processes(string cgroup) =>
        Directory.EnumerateDirectories(cgroup, "*", SearchOption.AllDirectories).Prepend(cgroup)
            .SelectMany(directory => File.ReadAllLines(directory + "/cgroup.procs")).Select(int.Parse);

    // A cgroup is its own when it is neither the root nor the one the bench runs in.
    private static string? OwnCgroup(int pid) =>
        CpuHierarchy() is { } hierarchy && CpuPath(pid) is { } cgroup && cgroup != "/" && cgroup != CpuPath(Environment.ProcessId) ? hierarchy + cgroup : null;

    private static string? CpuPath(int pid)
    {
        var lines = File.ReadLines($"/proc/{pid}/cgroup").Select(line => line.Split(':', 3)).ToList();
        return (lines.FirstOrDefault(fields => fields[1].Split(',').Contains("cpuacct")) ?? lines.FirstOrDefault(fields => fields[0] == "0"))?[2];
    }

    private static string? CpuHierarchy()
    {
        var mounts = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).ToList();
        return (mounts.FirstOrDefault(fields => fields.Contains("cgroup") && fields[^1].Split(',').Contains("cpuacct"))
            ?? mounts.FirstOrDefault(fields => fields.Contains("cgroup2")))?[4];
    }
}
