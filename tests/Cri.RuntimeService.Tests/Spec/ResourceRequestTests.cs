using Cri.RuntimeService.Host;
using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public class ResourceRequestTests
{
    private static readonly HostFacts _host = HostFacts.Read() with { CgroupV2 = true };

    public static TheoryData<V1.LinuxContainerResources, string> Wrong => new()
    {
        { new() { CpuShares = -1 }, "cpu_shares" },
        { new() { CpuPeriod = -1 }, "cpu_period" },
        { new() { CpuQuota = -2 }, "cpu_quota" },
        { new() { CpusetCpus = "0-" }, "cpuset_cpus" },
        { new() { CpusetMems = "all" }, "cpuset_mems" },
        { new() { OomScoreAdj = 1001 }, "oom_score_adj" },
        { new() { MemoryLimitInBytes = -2 }, "memory_limit_in_bytes" },
        { new() { MemoryLimitInBytes = 2000, MemorySwapLimitInBytes = 1000 }, "memory_swap_limit_in_bytes" },
        { new() { HugepageLimits = { new V1.HugepageLimit { PageSize = "../x", Limit = 1 } } }, "hugepage_limits" },
        { new() { Unified = { ["../memory.max"] = "1" } }, "unified" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Check_ValueOutOfRange_NamesTheField(V1.LinuxContainerResources resources, string field)
    {
        var error = Assert.Throws<RpcException>(() => ResourceRequest.Check(resources, _host, "container c"));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains($"container c: {field}", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_WhatAKubeletSends_Passes() => ResourceRequest.Check(
        new V1.LinuxContainerResources
        {
            CpuShares = 102,
            CpuPeriod = 100_000,
            CpuQuota = -1,
            MemoryLimitInBytes = 64 << 20,
            MemorySwapLimitInBytes = 64 << 20,
            CpusetCpus = "0-3,7",
            OomScoreAdj = -997,
            HugepageLimits = { new V1.HugepageLimit { PageSize = "2MB" }, new V1.HugepageLimit { PageSize = "1GB" } },
            Unified = { ["memory.oom.group"] = "1" },
        },
        _host,
        "container c");

    [Fact]
    public void Check_UnifiedOnCgroupV1_IsAFailedPrecondition()
    {
        var resources = new V1.LinuxContainerResources { Unified = { ["memory.high"] = "1" } };

        var error = Assert.Throws<RpcException>(() => ResourceRequest.Check(resources, _host with { CgroupV2 = false }, "container c"));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
    }

    [Fact]
    public void Merge_Zeroes_ChangeNothing()
    {
        var current = new V1.LinuxContainerResources { CpuShares = 512, CpusetCpus = "0", MemoryLimitInBytes = 1000, MemorySwapLimitInBytes = 2000 };

        Assert.Equal(current, ResourceRequest.Merge(current, new V1.LinuxContainerResources()));
    }

    [Fact]
    public void Merge_EntriesOfMapsAndLists_AreSetOneByOne()
    {
        var current = new V1.LinuxContainerResources
        {
            Unified = { ["memory.high"] = "1", ["memory.low"] = "2" },
            HugepageLimits = { new V1.HugepageLimit { PageSize = "2MB", Limit = 1 }, new V1.HugepageLimit { PageSize = "1GB", Limit = 2 } },
        };

        var merged = ResourceRequest.Merge(current, new V1.LinuxContainerResources
        {
            Unified = { ["memory.high"] = "3" },
            HugepageLimits = { new V1.HugepageLimit { PageSize = "2MB", Limit = 4 } },
        });

        Assert.Equal(("3", "2"), (merged.Unified["memory.high"], merged.Unified["memory.low"]));
        Assert.Equal([("2MB", 4ul), ("1GB", 2ul)], merged.HugepageLimits.Select(limit => (limit.PageSize, limit.Limit)));
    }

    [Fact]
    public void Merge_MemoryWithoutSwap_TakesTheSwapLimitAlong()
    {
        var current = new V1.LinuxContainerResources { MemoryLimitInBytes = 1000, MemorySwapLimitInBytes = 1000 };

        var merged = ResourceRequest.Merge(current, new V1.LinuxContainerResources { MemoryLimitInBytes = 5000 });

        Assert.Equal((5000, 0), (merged.MemoryLimitInBytes, merged.MemorySwapLimitInBytes));
    }

    [Fact]
    public void Merge_NothingBefore_IsTheChange() =>
        Assert.Equal(7, ResourceRequest.Merge(null, new V1.LinuxContainerResources { CpuShares = 7 }).CpuShares);
}
