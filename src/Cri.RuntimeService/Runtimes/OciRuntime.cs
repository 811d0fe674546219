using System.Text.Json.Serialization;

namespace Cri.RuntimeService.Runtimes;

/// <summary>An OCI runtime that containers can be run with.</summary>
/// <param name="Handler">The name a RuntimeClass selects it by.</param>
/// <param name="Path">The binary's absolute path.</param>
/// <param name="SystemdCgroup">True when it manages cgroups through systemd (its --systemd-cgroup option).</param>
/// <param name="Probe">How its start-up probe went.</param>
public sealed record OciRuntime(string Handler, string Path, bool SystemdCgroup, RuntimeProbe Probe)
{
    /// <summary>True when commands are put into its containers without it.</summary>
    public bool DirectExecs { get; init; }
}

/// <summary>What a start-up probe found out about a runtime's binary.</summary>
public sealed record RuntimeProbe
{
    /// <summary>True when it ran a container from its creation to its deletion.</summary>
    public required bool Passed { get; init; }

    /// <summary>Why it did not pass, in the runtime's own words; "" when it did.</summary>
    public string Error { get; init; } = "";

    /// <summary>True when it neither worked nor failed in time, as on an overloaded host: it is probed again at the next start.</summary>
    public bool Inconclusive { get; init; }

    /// <summary>Its version: the first line of --version without the word version: "runc 1.1.5".</summary>
    public string Version { get; init; } = "";

    /// <summary>
    /// True for runc by its own words, of which more is known than of others: its containers are processes of this kernel in namespaces that
    /// others can join, what its exec makes of a process, and that its <c>run --detach</c> leaves the end of that process to who waits for it. What
    /// wraps it, or keeps its containers in a machine or a kernel of their own, says something else.
    /// </summary>
    [JsonIgnore]
    public bool IsRunc => Version.StartsWith("runc ", StringComparison.Ordinal);

    /// <summary>What it says it can do; null when it does not say (its features command).</summary>
    public RuntimeFeatures? Features { get; init; }
}

/// <summary>The parts of a runtime's features document (features.md of the OCI runtime specification) that Crisp reports.</summary>
public sealed record RuntimeFeatures
{
    /// <summary>True when it mounts read-only recursively ("rro").</summary>
    public bool RecursiveReadOnlyMounts { get; init; }

    /// <summary>True when it maps the ids of mounts into a user namespace.</summary>
    public bool IdMappedMounts { get; init; }

    /// <summary>True when it knows user namespaces.</summary>
    public bool UserNamespaces { get; init; }

    /// <summary>True when it was built with seccomp.</summary>
    public bool Seccomp { get; init; }

    /// <summary>True when it was built with AppArmor.</summary>
    public bool AppArmor { get; init; }

    /// <summary>True when it was built with SELinux.</summary>
    public bool Selinux { get; init; }

    /// <summary>True when it manages cgroup v2.</summary>
    public bool CgroupV2 { get; init; }

    /// <summary>True when it manages cgroups through systemd.</summary>
    public bool SystemdCgroup { get; init; }
}
