using System.Text.Json.Serialization;

namespace Cri.Oci.Runtime;

/// <summary>Linux settings (config-linux.md).</summary>
public sealed record LinuxSpec
{
    /// <summary>The namespaces the container has or joins.</summary>
    public IReadOnlyList<NamespaceSpec> Namespaces { get; init; } = [];

    /// <summary>The user ids of its user namespace.</summary>
    public IReadOnlyList<IdMappingSpec>? UidMappings { get; init; }

    /// <summary>The group ids of its user namespace.</summary>
    public IReadOnlyList<IdMappingSpec>? GidMappings { get; init; }

    /// <summary>Devices to make besides the default ones.</summary>
    public IReadOnlyList<DeviceSpec>? Devices { get; init; }

    /// <summary>Where its cgroup lies: a path for cgroupfs, <c>slice:prefix:name</c> for systemd.</summary>
    public string? CgroupsPath { get; init; }

    /// <summary>The limits.</summary>
    public ResourcesSpec? Resources { get; init; }

    /// <summary>Kernel parameters of its namespaces.</summary>
    public IReadOnlyDictionary<string, string>? Sysctl { get; init; }

    /// <summary>The seccomp filter; null for none.</summary>
    public SeccompSpec? Seccomp { get; init; }

    /// <summary>The propagation of the root mount: <c>private</c>, <c>rslave</c> or <c>rshared</c>.</summary>
    public string? RootfsPropagation { get; init; }

    /// <summary>Paths hidden from the container.</summary>
    public IReadOnlyList<string>? MaskedPaths { get; init; }

    /// <summary>Paths made read-only.</summary>
    public IReadOnlyList<string>? ReadonlyPaths { get; init; }

    /// <summary>The SELinux label of its mounts.</summary>
    public string? MountLabel { get; init; }

    /// <summary>Cache and memory bandwidth (Intel Resource Director Technology).</summary>
    public IntelRdtSpec? IntelRdt { get; init; }

    /// <summary>Network interfaces of the host that move into the container, by their name on the host.</summary>
    public IReadOnlyDictionary<string, NetDeviceSpec>? NetDevices { get; init; }
}

/// <summary>A namespace to make, or to join when a path is given.</summary>
/// <param name="Type">pid, network, ipc, uts, mount, user or cgroup.</param>
/// <param name="Path">The namespace file to join; null makes a new one.</param>
public sealed record NamespaceSpec(string Type, string? Path = null);

/// <summary>A range of ids of a user namespace.</summary>
/// <param name="ContainerID">The first id inside.</param>
/// <param name="HostID">The first id outside.</param>
/// <param name="Size">How many ids.</param>
public sealed record IdMappingSpec(uint ContainerID, uint HostID, uint Size);

/// <summary>A device node in the container.</summary>
/// <param name="Path">Where it appears.</param>
/// <param name="Type">c, b or p.</param>
/// <param name="Major">Its major number.</param>
/// <param name="Minor">Its minor number.</param>
/// <param name="FileMode">Its permission bits.</param>
/// <param name="Uid">Its owner.</param>
/// <param name="Gid">Its group.</param>
public sealed record DeviceSpec(string Path, string Type, long Major, long Minor, uint? FileMode, uint? Uid, uint? Gid);

/// <summary>Intel RDT settings (config-linux.md, IntelRdt).</summary>
public sealed record IntelRdtSpec
{
    /// <summary>The class of service.</summary>
    [JsonPropertyName("closID")]
    public string? ClosId { get; init; }

    /// <summary>The schema of the L3 cache.</summary>
    public string? L3CacheSchema { get; init; }

    /// <summary>The schema of the memory bandwidth.</summary>
    public string? MemBwSchema { get; init; }

    /// <summary>Lines for the schemata file.</summary>
    public IReadOnlyList<string>? Schemata { get; init; }

    /// <summary>True for a monitoring group of its own.</summary>
    public bool? EnableMonitoring { get; init; }
}

/// <summary>A network interface inside the container.</summary>
/// <param name="Name">Its name there; null keeps the host's.</param>
public sealed record NetDeviceSpec(string? Name);
