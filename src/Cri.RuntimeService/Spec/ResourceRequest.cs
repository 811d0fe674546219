using System.Text.RegularExpressions;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Spec;

/// <summary>The CRI's LinuxContainerResources as a request: what it must satisfy, and what an update makes of earlier ones.</summary>
public static partial class ResourceRequest
{
    private const int HighestOomScore = 1000;

    /// <summary>
    /// Throws INVALID_ARGUMENT for a value outside its range and FAILED_PRECONDITION for what this host's cgroups cannot limit.
    /// </summary>
    /// <param name="resources">The request; null is none.</param>
    /// <param name="host">What the host has.</param>
    /// <param name="owner">What error texts call the object: <c>container "main"</c>.</param>
    public static void Check(V1.LinuxContainerResources? resources, HostFacts host, string owner)
    {
        if (resources is null)
        {
            return;
        }

        Require(resources.CpuShares >= 0, owner, "cpu_shares", resources.CpuShares, "must not be negative");
        Require(resources.CpuPeriod >= 0, owner, "cpu_period", resources.CpuPeriod, "must not be negative");
        Require(resources.CpuQuota >= -1, owner, "cpu_quota", resources.CpuQuota, "must be positive, or -1 for no limit");
        Require(IsCpuList(resources.CpusetCpus), owner, "cpuset_cpus", resources.CpusetCpus, "must be a list such as 0-3,5");
        Require(IsCpuList(resources.CpusetMems), owner, "cpuset_mems", resources.CpusetMems, "must be a list such as 0-1");
        Require(
            Math.Abs(resources.OomScoreAdj) <= HighestOomScore, owner, "oom_score_adj", resources.OomScoreAdj, "must be from -1000 to 1000");
        CheckMemory(resources, owner);
        CheckHugepages(resources, owner);
        CheckUnified(resources, host, owner);
    }

    /// <summary>
    /// The limits after an update: a zero or empty field changes nothing, huge pages and unified entries are set one by one.
    /// A memory limit without a swap limit takes its swap along, as at creation.
    /// </summary>
    public static V1.LinuxContainerResources Merge(V1.LinuxContainerResources? current, V1.LinuxContainerResources change)
    {
        var merged = current?.Clone() ?? new V1.LinuxContainerResources();
        var hugepages = merged.HugepageLimits.Where(old => change.HugepageLimits.All(limit => limit.PageSize != old.PageSize)).ToList();
        merged.HugepageLimits.Clear();
        if (change.MemoryLimitInBytes != 0)
        {
            merged.MemorySwapLimitInBytes = 0;
        }

        // Protobuf merges as the CRI updates: an unset scalar leaves the old one, map entries replace those of their key.
        merged.MergeFrom(change);
        merged.HugepageLimits.Add(hugepages);
        return merged;
    }

    private static void CheckMemory(V1.LinuxContainerResources resources, string owner)
    {
        var (limit, swap) = (resources.MemoryLimitInBytes, resources.MemorySwapLimitInBytes);
        Require(limit >= -1, owner, "memory_limit_in_bytes", limit, "must be positive, or -1 for no limit");
        Require(swap >= -1, owner, "memory_swap_limit_in_bytes", swap, "must be positive, or -1 for no limit");
        Require(
            swap <= 0 || limit <= swap, owner, "memory_swap_limit_in_bytes", swap, $"counts memory and swap together and is below the memory limit {limit}");
    }

    private static void CheckHugepages(V1.LinuxContainerResources resources, string owner)
    {
        foreach (var limit in resources.HugepageLimits)
        {
            Require(PageSize().IsMatch(limit.PageSize), owner, "hugepage_limits", limit.PageSize, "must be a page size such as 2MB");
        }
    }

    private static void CheckUnified(V1.LinuxContainerResources resources, HostFacts host, string owner)
    {
        foreach (var file in resources.Unified.Keys)
        {
            Require(file.Contains('.') && !file.Contains('/'), owner, "unified", file, "must be a file of a cgroup v2 controller such as memory.high");
        }

        if (resources.Unified.Count > 0 && !host.CgroupV2)
        {
            throw CriError.Precondition($"{owner}: unified: {resources.Unified.Keys.First()} needs cgroup v2, and this host has cgroup v1");
        }
    }

    private static bool IsCpuList(string text) => text.Length == 0 || CpuList().IsMatch(text);

    private static void Require(bool holds, string owner, string field, object value, string rule)
    {
        if (!holds)
        {
            throw CriError.Invalid($"{owner}: {field} \"{value}\": {rule}");
        }
    }

    [GeneratedRegex(@"^\d+(-\d+)?(,\d+(-\d+)?)*$")]
    private static partial Regex CpuList();

    [GeneratedRegex("^[1-9][0-9]*[KMG]B$")]
    private static partial Regex PageSize();
}
