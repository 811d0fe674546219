using Cri.Oci.Runtime;
using Cri.RuntimeService.Host;

namespace Cri.RuntimeService.Spec;

/// <summary>The limits of a container, from the CRI's LinuxContainerResources.</summary>
public static class ContainerResources
{
    private const ulong DefaultPeriod = 100_000;

    /// <summary>
    /// Builds the limits; a zero in the request leaves a setting alone. Huge page limits are left out where no cgroup could hold
    /// them, as containerd does unless told otherwise: the kubelet names every page size of the node for every container.
    /// </summary>
    public static ResourcesSpec Build(V1.LinuxContainerResources? resources, HostFacts host) => resources is null
        ? new ResourcesSpec()
        : new ResourcesSpec
        {
            Cpu = Cpu(resources),
            Memory = Memory(resources),
            HugepageLimits = resources.HugepageLimits.Count == 0 || !host.Hugetlb
                ? null
                : [.. resources.HugepageLimits.Select(limit => new HugepageLimitSpec(limit.PageSize, limit.Limit))],
            Unified = resources.Unified.Count > 0 ? new Dictionary<string, string>(resources.Unified) : null,
        };

    private static CpuSpec? Cpu(V1.LinuxContainerResources resources)
    {
        var cpu = new CpuSpec(
            resources.CpuShares > 0 ? (ulong)resources.CpuShares : null,
            resources.CpuQuota != 0 ? resources.CpuQuota : null,
            resources.CpuPeriod > 0 ? (ulong)resources.CpuPeriod : resources.CpuQuota > 0 ? DefaultPeriod : null,
            NullIfEmpty(resources.CpusetCpus),
            NullIfEmpty(resources.CpusetMems));
        return cpu == new CpuSpec(null, null, null, null, null) ? null : cpu;
    }

    private static MemorySpec? Memory(V1.LinuxContainerResources resources)
    {
        var limit = resources.MemoryLimitInBytes;
        if (limit == 0 && resources.MemorySwapLimitInBytes == 0)
        {
            return null;
        }

        // Without a swap limit of its own a limited container gets no swap: swap counts memory and swap together.
        var swap = resources.MemorySwapLimitInBytes != 0 ? resources.MemorySwapLimitInBytes : limit;
        return new MemorySpec(limit != 0 ? limit : null, _swapAccounting.Value ? swap : null);
    }

    private static string? NullIfEmpty(string text) => text.Length > 0 ? text : null;

    private static readonly Lazy<bool> _swapAccounting = new(() =>
        File.Exists("/sys/fs/cgroup/cgroup.controllers") || File.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"));
}
