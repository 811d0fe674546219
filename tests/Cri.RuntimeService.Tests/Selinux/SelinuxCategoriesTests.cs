using Cri.RuntimeService.Selinux;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Selinux;

public class SelinuxCategoriesTests
{
    [Fact]
    public void Allocate_UntilAllAreTaken_GivesEveryPairOnce()
    {
        var categories = new SelinuxCategories(count: 5);

        var levels = Enumerable.Range(0, 10).Select(_ => categories.Allocate("s0")).ToHashSet();

        Assert.Equal(10, levels.Count);
        Assert.Contains("s0:c3,c4", levels);
        Assert.Equal(StatusCode.ResourceExhausted, Assert.Throws<RpcException>(() => categories.Allocate("s0")).StatusCode);
    }

    [Fact]
    public void Allocate_ReservedLevels_AreNotGiven()
    {
        var categories = new SelinuxCategories(count: 3);
        categories.Reserve("s0:c0,c1");
        categories.Reserve("s0:c0,c2");

        Assert.Equal("s0:c1,c2", categories.Allocate("s0"));
    }

    [Fact]
    public void Release_OneOfTwoUsers_KeepsTheLevel()
    {
        var categories = new SelinuxCategories(count: 2);
        categories.Reserve("s0:c0,c1");
        categories.Reserve("s0:c0,c1");

        categories.Release("s0:c0,c1");
        Assert.Throws<RpcException>(() => categories.Allocate("s0"));

        categories.Release("s0:c0,c1");
        Assert.Equal("s0:c0,c1", categories.Allocate("s0"));
    }
}
