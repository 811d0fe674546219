using Cri.RuntimeService.Host;
using Cri.RuntimeService.Spec;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public class ContainerResourcesTests
{
    private static readonly HostFacts _host = HostFacts.Read() with { CgroupV2 = true };

    [Fact]
    public void Build_Zeroes_LeaveEverythingAlone()
    {
        var resources = ContainerResources.Build(new V1.LinuxContainerResources(), _host);

        Assert.Null(resources.Cpu);
        Assert.Null(resources.Memory);
        Assert.Null(resources.Unified);
    }

    [Fact]
    public void Build_Quota_HasTheDefaultPeriod()
    {
        var cpu = ContainerResources.Build(new V1.LinuxContainerResources { CpuQuota = 50_000, CpuShares = 512 }, _host).Cpu!;

        Assert.Equal((512ul, 50_000L, 100_000ul), (cpu.Shares, cpu.Quota, cpu.Period));
    }

    [Fact]
    public void Build_MemoryLimit_IsTaken() =>
        Assert.Equal(64 << 20, ContainerResources.Build(new V1.LinuxContainerResources { MemoryLimitInBytes = 64 << 20 }, _host).Memory!.Limit);

    [Fact]
    public void Build_MemoryLimitAlone_LeavesNoSwap() =>
        Assert.Contains(ContainerResources.Build(new V1.LinuxContainerResources { MemoryLimitInBytes = 64 << 20 }, _host).Memory!.Swap, new long?[] { 64 << 20, null });

    [Fact]
    public void Build_HugepagesWithoutTheController_AreLeftOut()
    {
        var request = new V1.LinuxContainerResources { HugepageLimits = { new V1.HugepageLimit { PageSize = "2MB", Limit = 0 } } };

        Assert.Null(ContainerResources.Build(request, _host with { Hugetlb = false }).HugepageLimits);
        Assert.Equal("2MB", Assert.Single(ContainerResources.Build(request, _host with { Hugetlb = true }).HugepageLimits!).PageSize);
    }

    [Theory]
    [InlineData(true, -999, -999)]
    [InlineData(false, -999, 0)]
    [InlineData(false, 500, 500)]
    public void AttainableOomScore_WithoutThePrivilege_IsNeverBelowOurOwn(bool mayLower, int wanted, int expected) =>
        Assert.Equal(expected, (_host with { MayLowerOomScore = mayLower, OwnOomScore = 0 }).AttainableOomScore(wanted));
}
