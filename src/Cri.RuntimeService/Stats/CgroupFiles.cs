using Cri.Linux;

namespace Cri.RuntimeService.Stats;

/// <summary>Where the files of one cgroup lie (cgroups(7)): one directory in version 2, one for each controller in version 1.</summary>
public sealed record CgroupFiles
{
    /// <summary>True when all directories are one of the unified hierarchy.</summary>
    public required bool IsV2 { get; init; }

    /// <summary>The directory with memory files.</summary>
    public required string Memory { get; init; }

    /// <summary>The directory with the CPU time used.</summary>
    public required string CpuAccounting { get; init; }

    /// <summary>The directory with CPU limits and throttling.</summary>
    public required string Cpu { get; init; }

    /// <summary>The directory with the process count.</summary>
    public required string Pids { get; init; }

    /// <summary>The directory with block input and output.</summary>
    public required string Io { get; init; }

    /// <summary>The directory with pressure files, in version 1 that beside it in the unified hierarchy; null when there is none.</summary>
    public string? Pressure { get; init; }

    /// <summary>The files of these cgroups; null when nothing accounts for memory in them.</summary>
    public static CgroupFiles? From(ProcessCgroups cgroups)
    {
        if (cgroups.Legacy("memory") is { } memory)
        {
            return new CgroupFiles
            {
                IsV2 = false,
                Memory = memory,
                CpuAccounting = cgroups.Legacy("cpuacct") ?? memory,
                Cpu = cgroups.Legacy("cpu") ?? memory,
                Pids = cgroups.Legacy("pids") ?? memory,
                Io = cgroups.Legacy("blkio") ?? memory,
                Pressure = Path.GetFileName(cgroups.Unified) == Path.GetFileName(memory) ? cgroups.Unified : null,
            };
        }

        return cgroups.Unified is { } all
            ? new CgroupFiles { IsV2 = true, Memory = all, CpuAccounting = all, Cpu = all, Pids = all, Io = all, Pressure = all }
            : null;
    }

    /// <summary>The same files in the ancestor whose name holds <paramref name="id"/>: what is in a container may have made cgroups below.</summary>
    public CgroupFiles Topmost(string id) => this with
    {
        Memory = Cut(Memory, id),
        CpuAccounting = Cut(CpuAccounting, id),
        Cpu = Cut(Cpu, id),
        Pids = Cut(Pids, id),
        Io = Cut(Io, id),
        Pressure = Pressure is null ? null : Cut(Pressure, id),
    };

    private static string Cut(string directory, string id)
    {
        var at = directory.LastIndexOf(id, StringComparison.Ordinal);
        var end = at < 0 ? -1 : directory.IndexOf('/', at);
        return end < 0 ? directory : directory[..end];
    }
}
