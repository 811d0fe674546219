using Cri.RuntimeService.Stats;
using Xunit;

namespace Cri.RuntimeService.Tests.Stats;

public sealed class CgroupFilesTests
{
    [Theory]
    [InlineData("/sys/fs/cgroup/kubepods/pod1/abc", "/sys/fs/cgroup/kubepods/pod1/abc")]
    [InlineData("/sys/fs/cgroup/kubepods/pod1/abc/init.scope", "/sys/fs/cgroup/kubepods/pod1/abc")]
    [InlineData("/sys/fs/cgroup/kubepods.slice/crisp-abc.scope/container", "/sys/fs/cgroup/kubepods.slice/crisp-abc.scope")]
    [InlineData("/sys/fs/cgroup/elsewhere", "/sys/fs/cgroup/elsewhere")]
    public void Topmost_OfAProcessInAContainer_IsTheContainersOwn(string directory, string expected)
    {
        var files = new CgroupFiles
        {
            IsV2 = true,
            Memory = directory,
            Cpu = directory,
            CpuAccounting = directory,
            Pids = directory,
            Io = directory,
        };

        Assert.Equal(expected, files.Topmost("abc").Memory);
    }

    [Fact]
    public void Expand_OfASlice_NestsItAsSystemdDoes() => Assert.Equal(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx.slice", CgroupLocator.Expand("kubepods-burstable-podx.slice"));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/no-such-parent/pod1")]
    public void OfPod_WithoutSuchACgroup_IsNull(string parent) => Assert.Null(new CgroupLocator().OfPod(parent));
}
