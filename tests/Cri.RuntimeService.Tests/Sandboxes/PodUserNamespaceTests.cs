using Cri.Linux;
using Cri.RuntimeService.Sandboxes;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Sandboxes;

public sealed class PodUserNamespaceTests
{
    [Fact]
    public void Of_PodMode_IsTheRange() => Assert.Equal(
        new IdMap(new IdMapping(0, 100000, 65536), new IdMapping(0, 100000, 65536)), PodUserNamespace.Of(Pod(Options())));

    [Fact]
    public void Of_NodeModeOrNoOptions_IsNone()
    {
        Assert.Null(PodUserNamespace.Of(new V1.PodSandboxConfig()));
        Assert.Null(PodUserNamespace.Of(Pod(new V1.NamespaceOption { UsernsOptions = new V1.UserNamespace { Mode = V1.NamespaceMode.Node } })));
    }

    [Fact]
    public void Check_WhatIsAllowed_Passes()
    {
        PodUserNamespace.Check("pod", new V1.NamespaceOption());
        PodUserNamespace.Check("pod", new V1.NamespaceOption { UsernsOptions = new V1.UserNamespace { Mode = V1.NamespaceMode.Node } });
        PodUserNamespace.Check("pod", Options());
    }

    public static TheoryData<string, Action<V1.NamespaceOption>> Wrong => new()
    {
        { "uids: 0 mappings", options => options.UsernsOptions.Uids.Clear() },
        { "gids: 2 mappings", options => options.UsernsOptions.Gids.Add(Range(100000)) },
        { "uids: container id 0 is not mapped", options => options.UsernsOptions.Uids[0].ContainerId = 5 },
        { "gids: the mapping has length 0", options => options.UsernsOptions.Gids[0].Length = 0 },
        { "go beyond", options => options.UsernsOptions.Uids[0].Length = uint.MaxValue },
        { "mode NODE takes no mappings", options => options.UsernsOptions.Mode = V1.NamespaceMode.Node },
        { "mode CONTAINER is not possible", options => options.UsernsOptions.Mode = V1.NamespaceMode.Container },
        { "mode TARGET is not possible", options => options.UsernsOptions.Mode = V1.NamespaceMode.Target },
        { "network mode NODE", options => options.Network = V1.NamespaceMode.Node },
        { "PID mode NODE", options => options.Pid = V1.NamespaceMode.Node },
        { "IPC mode NODE", options => options.Ipc = V1.NamespaceMode.Node },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Check_WhatIsNot_IsInvalidAndNamed(string words, Action<V1.NamespaceOption> change)
    {
        var options = Options();
        change(options);

        var error = Assert.Throws<RpcException>(() => PodUserNamespace.Check("pod sandbox \"p\"", options));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("pod sandbox \"p\"", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(words, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckContainer_ThePodsOrNone_Passes()
    {
        PodUserNamespace.CheckContainer("c", null, Pod(Options()));
        PodUserNamespace.CheckContainer("c", Options().UsernsOptions, Pod(Options()));
        PodUserNamespace.CheckContainer("c", new V1.UserNamespace { Mode = V1.NamespaceMode.Node }, new V1.PodSandboxConfig());
    }

    [Fact]
    public void CheckContainer_Another_IsInvalid()
    {
        var other = new V1.UserNamespace { Mode = V1.NamespaceMode.Pod, Uids = { Range(7) }, Gids = { Range(7) } };

        Assert.Throws<RpcException>(() => PodUserNamespace.CheckContainer("c", other, Pod(Options())));
        Assert.Throws<RpcException>(() => PodUserNamespace.CheckContainer("c", other, new V1.PodSandboxConfig()));
        Assert.Throws<RpcException>(() => PodUserNamespace.CheckContainer("c", new V1.UserNamespace { Mode = V1.NamespaceMode.Node }, Pod(Options())));
    }

    private static V1.IDMapping Range(uint host) => new() { HostId = host, Length = 65536 };

    private static V1.NamespaceOption Options() => new()
    {
        UsernsOptions = new V1.UserNamespace { Mode = V1.NamespaceMode.Pod, Uids = { Range(100000) }, Gids = { Range(100000) } },
    };

    private static V1.PodSandboxConfig Pod(V1.NamespaceOption options) => new()
    {
        Linux = new V1.LinuxPodSandboxConfig { SecurityContext = new V1.LinuxSandboxSecurityContext { NamespaceOptions = options } },
    };
}
