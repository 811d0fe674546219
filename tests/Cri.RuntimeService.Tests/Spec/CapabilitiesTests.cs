using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public class CapabilitiesTests
{
    private static readonly IReadOnlySet<string> _host = Capabilities.Names(ulong.MaxValue).Except(["CAP_SYS_RESOURCE"]).ToHashSet();

    [Fact]
    public void Of_NothingAsked_GivesTheDefaultsAndNoInheritable()
    {
        var sets = Capabilities.Of(new V1.LinuxContainerSecurityContext(), _host);

        Assert.Equal(14, sets.Bounding.Count);
        Assert.Contains("CAP_NET_RAW", sets.Effective);
        Assert.DoesNotContain("CAP_SYS_ADMIN", sets.Permitted);
        Assert.Null(sets.Inheritable);
    }

    [Fact]
    public void Of_DropAllAddOne_KeepsThatOne()
    {
        var sets = Of(add: ["net_admin"], drop: ["ALL"]);

        Assert.Equal(["CAP_NET_ADMIN"], sets.Bounding);
    }

    [Fact]
    public void Of_AddAllDropOne_LacksOnlyThatOne()
    {
        var sets = Of(add: ["ALL"], drop: ["CAP_CHOWN"]);

        Assert.Equal(_host.Count - 1, sets.Bounding.Count);
        Assert.DoesNotContain("CAP_CHOWN", sets.Bounding);
    }

    [Fact]
    public void Of_Privileged_GivesWhatTheHostHasAndNoMore()
    {
        var sets = Capabilities.Of(new V1.LinuxContainerSecurityContext { Privileged = true }, _host);

        Assert.Equal(_host, sets.Permitted.ToHashSet());
    }

    [Fact]
    public void Of_Ambient_IsInheritableAndGranted()
    {
        var context = new V1.LinuxContainerSecurityContext { Capabilities = new V1.Capability { AddAmbientCapabilities = { "SYS_TIME" } } };

        var sets = Capabilities.Of(context, _host);

        Assert.Equal(["CAP_SYS_TIME"], sets.Ambient);
        Assert.Equal(["CAP_SYS_TIME"], sets.Inheritable);
        Assert.Contains("CAP_SYS_TIME", sets.Bounding);
    }

    [Fact]
    public void Of_UnknownName_IsInvalidAndNamed()
    {
        var error = Assert.Throws<RpcException>(() => Of(add: ["FLY"], drop: []));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("FLY", error.Status.Detail, StringComparison.Ordinal);
    }

    private static Oci.Runtime.CapabilitiesSpec Of(string[] add, string[] drop) => Capabilities.Of(
        new V1.LinuxContainerSecurityContext { Capabilities = new V1.Capability { AddCapabilities = { add }, DropCapabilities = { drop } } },
        _host);
}
