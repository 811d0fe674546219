using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public class CgroupDriverTests
{
    private static readonly CgroupDriver s_cgroupfs = new(IsSystemd: false);
    private static readonly CgroupDriver s_systemd = new(IsSystemd: true);

    [Fact]
    public void PathOf_Cgroupfs_LiesBelowTheParent() => Assert.Equal("/kubepods/pod1/id", s_cgroupfs.PathOf("/kubepods/pod1/", "id"));

    [Fact]
    public void PathOf_CgroupfsWithoutParent_LiesAtTheTop() => Assert.Equal("/crisp-id", s_cgroupfs.PathOf("", "id"));

    [Fact]
    public void PathOf_Systemd_NamesSliceAndScope() =>
        Assert.Equal("kubepods-pod1.slice:crisp:id", s_systemd.PathOf("/kubepods.slice/kubepods-pod1.slice", "id"));

    [Theory]
    [InlineData("/a/../../b")]
    [InlineData("kubepods.slice")]
    [InlineData("relative")]
    public void Validate_BadParentForCgroupfs_IsInvalidAndNamed(string parent)
    {
        var error = Assert.Throws<RpcException>(() => s_cgroupfs.Validate(parent));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains(parent, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_NotASliceForSystemd_IsInvalid() => Assert.Throws<RpcException>(() => s_systemd.Validate("/kubepods/pod1"));

    [Fact]
    public void Validate_Empty_IsFine() => s_systemd.Validate("");
}
