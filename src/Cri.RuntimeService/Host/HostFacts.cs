using System.Globalization;

namespace Cri.RuntimeService.Host;

/// <summary>What this host allows; read once at start.</summary>
public sealed record HostFacts
{
    private const int SysResource = 24;
    private const string UnifiedControllers = "/sys/fs/cgroup/cgroup.controllers";

    /// <summary>True when the unified hierarchy holds the controllers (cgroups(7)).</summary>
    public required bool CgroupV2 { get; init; }

    /// <summary>True when the cgroups that containers are put in can limit huge pages.</summary>
    public required bool Hugetlb { get; init; }

    /// <summary>The capabilities in our own bounding set: no container can have others.</summary>
    public required IReadOnlySet<string> Capabilities { get; init; }

    /// <summary>Our own OOM score adjustment; without CAP_SYS_RESOURCE no process can be given a lower one.</summary>
    public required int OwnOomScore { get; init; }

    /// <summary>True when we may lower OOM scores.</summary>
    public required bool MayLowerOomScore { get; init; }

    /// <summary>The host's name.</summary>
    public required string HostName { get; init; }

    /// <summary>True when containers can be confined by AppArmor.</summary>
    public required bool AppArmor { get; init; }

    /// <summary>True when the kernel filters system calls (seccomp(2)).</summary>
    public required bool Seccomp { get; init; }

    /// <summary>Reads the facts from /proc and /sys.</summary>
    public static HostFacts Read()
    {
        var status = File.ReadLines("/proc/self/status").ToList();
        var bounding = Mask(status, "CapBnd:");
        var unified = File.Exists(UnifiedControllers);
        return new HostFacts
        {
            CgroupV2 = unified,
            Hugetlb = unified
                ? File.ReadAllText(UnifiedControllers).Split([' ', '\n']).Contains("hugetlb")
                : Directory.Exists("/sys/fs/cgroup/hugetlb"),
            Capabilities = Spec.Capabilities.Names(bounding).ToHashSet(StringComparer.Ordinal),
            OwnOomScore = int.Parse(File.ReadAllText("/proc/self/oom_score_adj"), CultureInfo.InvariantCulture),
            MayLowerOomScore = (Mask(status, "CapEff:") >> SysResource & 1) == 1,
            HostName = File.ReadAllText("/proc/sys/kernel/hostname").Trim(),
            Seccomp = status.Exists(line => line.StartsWith("Seccomp:", StringComparison.Ordinal)),
            AppArmor = AppArmorProfiles.IsUsable(),
        };
    }

    /// <summary>The OOM score that can really be set: what was asked, or our own where the host forbids lowering it.</summary>
    public int AttainableOomScore(int wanted) => MayLowerOomScore ? wanted : Math.Max(wanted, OwnOomScore);

    private static ulong Mask(List<string> status, string name) =>
        Convert.ToUInt64(status.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim(), 16);
}
