using Xunit;

namespace Cri.Linux.Tests;

public sealed class ProcessCgroupsTests
{
    [Fact]
    public void Of_NoSuchProcess_Throws() => Assert.Throws<LinuxException>(() => ProcessCgroups.Of(int.MaxValue));

    [Fact]
    public void Of_InitOfTheMachine_HasNoCgroupOfItsOwnWhereItIsInTheRoot()
    {
        // The roots of hierarchies hold everybody; they must never be taken for a container's.
        var roots = MountTable.Read().Where(entry => entry.Type is "cgroup" or "cgroup2").Select(entry => entry.Target).ToHashSet();
        var cgroups = ProcessCgroups.Of(1);
        Assert.DoesNotContain(cgroups.Unified ?? string.Empty, roots);
        Assert.All(["memory", "pids", "cpu", "freezer"], controller => Assert.DoesNotContain(cgroups.Legacy(controller) ?? string.Empty, roots));
    }
}
