using System.Globalization;

namespace Cri.Testing.Cgroups;

/// <summary>
/// A memory cgroup for a process and for what it starts from now on, with room for this many bytes besides what the process has already.
/// Dispose lifts the limit, puts everything back and removes the cgroup.
/// </summary>
public sealed class MemoryLimit : IDisposable
{
    private const string V1 = "/sys/fs/cgroup/memory";
    private const string V2 = "/sys/fs/cgroup";
    private static readonly bool _isV1 = File.Exists(V1 + "/memory.limit_in_bytes");
    private readonly string _directory;
    private readonly string _home;

    /// <summary>Moves the process there; what it had in memory stays its former cgroup's.</summary>
    public MemoryLimit(int pid, long bytes)
    {
        var root = _isV1 ? V1 : V2;
        _home = root + Former(pid);
        _directory = $"{root}/crisptestmemory{pid}";
        Directory.CreateDirectory(_directory);
        Set(bytes.ToString(CultureInfo.InvariantCulture));
        Move(pid, _directory);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Set(_isV1 ? "-1" : "max");
        Pods.Eventually.HoldsAsync(IsEmptied, $"{_directory} is empty").GetAwaiter().GetResult();
        Directory.Delete(_directory);
    }

    private static string Former(int pid) => File.ReadLines($"/proc/{pid}/cgroup").Select(line => line.Split(':', 3))
        .First(fields => _isV1 ? fields[1].Split(',').Contains("memory") : fields[0] == "0")[2];

    private static void Move(int pid, string directory) => File.WriteAllText(directory + "/cgroup.procs", pid.ToString(CultureInfo.InvariantCulture));

    private void Set(string limit) => File.WriteAllText(_directory + (_isV1 ? "/memory.limit_in_bytes" : "/memory.max"), limit);

    private bool IsEmptied()
    {
        foreach (var pid in File.ReadAllLines(_directory + "/cgroup.procs"))
        {
            try
            {
                Move(int.Parse(pid, CultureInfo.InvariantCulture), _home);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return File.ReadAllText(_directory + "/cgroup.procs").Length == 0;
    }
}
