using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public class CgroupDriverTests
{
    private static readonly CgroupDriver _cgroupfs = new(IsSystemd: false);
    private static readonly CgroupDriver _systemd = new(IsSystemd: true);

    [Fact]
    public void PathOf_Cgroupfs_LiesBelowTheParent() => Assert.Equal("/kubepods/pod1/id", _cgroupfs.PathOf("/kubepods/pod1/", "id"));

    [Fact]
    public void PathOf_CgroupfsWithoutParent_LiesAtTheTop() => Assert.Equal("/crisp-id", _cgroupfs.PathOf("", "id"));

    [Fact]
    public void PathOf_Systemd_NamesSliceAndScope() =>
        Assert.Equal("kubepods-pod1.slice:crisp:id", _systemd.PathOf("/kubepods.slice/kubepods-pod1.slice", "id"));

    [Theory]
    [InlineData("/a/../../b")]
    [InlineData("kubepods.slice")]
    [InlineData("relative")]
    [InlineData("/a\nb")]
    public void Validate_BadParentForCgroupfs_IsInvalidAndNamed(string parent)
    {
        var error = Assert.Throws<RpcException>(() => _cgroupfs.Validate(parent));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains(parent, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_NotASliceForSystemd_IsInvalid() => Assert.Throws<RpcException>(() => _systemd.Validate("/kubepods/pod1"));

    [Theory]
    [InlineData("system.slice:evil:x.slice")]
    [InlineData("/a.slice/:b.slice")]
    public void Validate_ColonForSystemd_IsInvalid(string parent) => Assert.Throws<RpcException>(() => _systemd.Validate(parent));

    [Fact]
    public void Validate_Empty_IsFine() => _systemd.Validate("");
}
