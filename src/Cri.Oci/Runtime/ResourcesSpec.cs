namespace Cri.Oci.Runtime;

/// <summary>Limits of a container (config-linux.md, Control groups). Null leaves a setting alone.</summary>
public sealed record ResourcesSpec
{
    /// <summary>Rules of the device cgroup, applied in order.</summary>
    public IReadOnlyList<DeviceRuleSpec>? Devices { get; init; }

    /// <summary>Memory limits.</summary>
    public MemorySpec? Memory { get; init; }

    /// <summary>CPU limits.</summary>
    public CpuSpec? Cpu { get; init; }

    /// <summary>Process limits.</summary>
    public PidsSpec? Pids { get; init; }

    /// <summary>Huge page limits.</summary>
    public IReadOnlyList<HugepageLimitSpec>? HugepageLimits { get; init; }

    /// <summary>Files of the cgroup v2 directory and their values.</summary>
    public IReadOnlyDictionary<string, string>? Unified { get; init; }
}

/// <summary>One rule of the device cgroup.</summary>
/// <param name="Allow">True to allow.</param>
/// <param name="Type">a, c or b; null for all.</param>
/// <param name="Major">The major number; null for all.</param>
/// <param name="Minor">The minor number; null for all.</param>
/// <param name="Access">Letters of <c>rwm</c>.</param>
public sealed record DeviceRuleSpec(bool Allow, string? Type, long? Major, long? Minor, string Access);

/// <summary>Memory limits in bytes; -1 is unlimited.</summary>
/// <param name="Limit">The memory limit.</param>
/// <param name="Swap">The limit of memory and swap together.</param>
public sealed record MemorySpec(long? Limit, long? Swap);

/// <summary>CPU limits.</summary>
/// <param name="Shares">The relative weight, 2 to 262144.</param>
/// <param name="Quota">Microseconds of CPU time in each period.</param>
/// <param name="Period">The period in microseconds.</param>
/// <param name="Cpus">The CPUs it may use, <c>0-3,5</c>.</param>
/// <param name="Mems">The memory nodes it may use.</param>
public sealed record CpuSpec(ulong? Shares, long? Quota, ulong? Period, string? Cpus, string? Mems);

/// <summary>The number of processes allowed.</summary>
/// <param name="Limit">At most this many; -1 is unlimited.</param>
public sealed record PidsSpec(long Limit);

/// <summary>The limit of huge pages of one size.</summary>
/// <param name="PageSize">As the kernel writes it: <c>2MB</c>.</param>
/// <param name="Limit">Bytes.</param>
public sealed record HugepageLimitSpec(string PageSize, ulong Limit);
