using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public sealed class IdentityTests : IDisposable
{
    private readonly string _layer = Directory.CreateTempSubdirectory("crisp-identity-").FullName;

    public IdentityTests()
    {
        Directory.CreateDirectory(Path.Combine(_layer, "etc"));
        File.WriteAllText(Path.Combine(_layer, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nbroken\nweb:x:33:34::/var/www:/bin/false\n");
        File.WriteAllText(Path.Combine(_layer, "etc/group"), "root:x:0:\nstaff:x:50:web,other\nweb:x:34:web\n");
    }

    public void Dispose() => Directory.Delete(_layer, recursive: true);

    [Fact]
    public void Resolve_UnknownGroupsPolicy_IsInvalid()
    {
        var context = new V1.LinuxContainerSecurityContext { SupplementalGroupsPolicy = (V1.SupplementalGroupsPolicy)7 };

        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => Identity.Resolve(context, null, new ImageFiles([]))).StatusCode);
    }

    [Fact]
    public void Resolve_NoUserAnywhere_IsRoot() => Assert.Equal((0u, 0u), Ids(new V1.LinuxContainerSecurityContext(), null));

    [Fact]
    public void Resolve_ImageUserByName_TakesItsGroupAndMemberships()
    {
        var identity = Resolve(new V1.LinuxContainerSecurityContext(), "web");

        Assert.Equal((33u, 34u), (identity.Uid, identity.Gid));
        Assert.Equal([50u], identity.Groups);
    }

    [Fact]
    public void Resolve_ImageUserAndGroup_TakesThatGroup() =>
        Assert.Equal((33u, 50u), Ids(new V1.LinuxContainerSecurityContext(), "web:staff"));

    [Fact]
    public void Resolve_NumberNotListed_HasGroupZero() =>
        Assert.Equal((1234u, 0u), Ids(new V1.LinuxContainerSecurityContext(), "1234"));

    [Fact]
    public void Resolve_RequestOverridesImage() =>
        Assert.Equal((7u, 8u), Ids(new V1.LinuxContainerSecurityContext { RunAsUser = Int(7), RunAsGroup = Int(8) }, "web"));

    [Fact]
    public void Resolve_StrictPolicy_LeavesOutTheImagesGroups()
    {
        var identity = Resolve(
            new V1.LinuxContainerSecurityContext
            {
                RunAsUsername = "web",
                SupplementalGroups = { 99 },
                SupplementalGroupsPolicy = V1.SupplementalGroupsPolicy.Strict,
            },
            null);

        Assert.Equal([99u], identity.Groups);
    }

    [Fact]
    public void Resolve_GroupWithoutUser_IsInvalid() => Assert.Equal(
        StatusCode.InvalidArgument,
        Assert.Throws<RpcException>(() => Resolve(new V1.LinuxContainerSecurityContext { RunAsGroup = Int(5) }, null)).StatusCode);

    [Fact]
    public void Resolve_UnknownName_IsAFailedPreconditionThatNamesIt()
    {
        var error = Assert.Throws<RpcException>(() => Resolve(new V1.LinuxContainerSecurityContext { RunAsUsername = "nobody-here" }, null));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("nobody-here", error.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4294967295)]
    public void Resolve_IdOutOfRange_IsInvalid(long id) => Assert.Equal(
        StatusCode.InvalidArgument,
        Assert.Throws<RpcException>(() => Resolve(new V1.LinuxContainerSecurityContext { RunAsUser = Int(id) }, null)).StatusCode);

    private (uint Uid, uint Gid) Ids(V1.LinuxContainerSecurityContext context, string? imageUser)
    {
        var identity = Resolve(context, imageUser);
        return (identity.Uid, identity.Gid);
    }

    private Identity Resolve(V1.LinuxContainerSecurityContext context, string? imageUser) =>
        Identity.Resolve(context, imageUser, new ImageFiles([_layer]));

    private static V1.Int64Value Int(long value) => new() { Value = value };
}
