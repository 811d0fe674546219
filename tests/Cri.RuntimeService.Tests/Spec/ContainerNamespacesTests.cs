using Cri.RuntimeService.Spec;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public class ContainerNamespacesTests
{
    [Fact]
    public void Build_OrdinaryPod_JoinsThePinnedNamespaces()
    {
        var list = ContainerNamespaces.Build(SpecFixture.Input(new V1.ContainerConfig { Linux = SpecFixture.OwnPid() }));

        Assert.Equal("/run/crisp/pods/pod-id/ns/net", list.Single(entry => entry.Type == "network").Path);
        Assert.Equal("/run/crisp/pods/pod-id/ns/ipc", list.Single(entry => entry.Type == "ipc").Path);
        Assert.Null(list.Single(entry => entry.Type == "pid").Path);
    }

    [Fact]
    public void Build_HostEverything_HasOnlyItsOwnMounts()
    {
        var options = new V1.NamespaceOption { Network = V1.NamespaceMode.Node, Ipc = V1.NamespaceMode.Node, Pid = V1.NamespaceMode.Node };
        var pod = new V1.PodSandboxConfig
        {
            Linux = new V1.LinuxPodSandboxConfig { SecurityContext = new V1.LinuxSandboxSecurityContext { NamespaceOptions = options } },
        };

        var list = ContainerNamespaces.Build(SpecFixture.Input(new V1.ContainerConfig(), pod: pod));

        Assert.Equal(["mount", "cgroup"], list.Select(entry => entry.Type));
    }

    [Fact]
    public void Build_PodPidWithoutAPodInit_IsInvalid() => Assert.Equal(
        StatusCode.InvalidArgument,
        Assert.Throws<RpcException>(() => ContainerNamespaces.Build(SpecFixture.Input(new V1.ContainerConfig()))).StatusCode);

    [Fact]
    public void Build_TargetPid_JoinsThatProcess()
    {
        var linux = SpecFixture.OwnPid();
        linux.SecurityContext.NamespaceOptions.Pid = V1.NamespaceMode.Target;
        var input = SpecFixture.Input(new V1.ContainerConfig { Linux = linux }) with { TargetPidNamespace = "/proc/42/ns/pid" };

        Assert.Equal("/proc/42/ns/pid", ContainerNamespaces.Build(input).Single(entry => entry.Type == "pid").Path);
    }

    [Theory]
    [InlineData(V1.NamespaceMode.Container, V1.NamespaceMode.Pod, V1.NamespaceMode.Container)]
    [InlineData(V1.NamespaceMode.Pod, V1.NamespaceMode.Node, V1.NamespaceMode.Container)]
    [InlineData(V1.NamespaceMode.Pod, V1.NamespaceMode.Pod, V1.NamespaceMode.Node)]
    public void Check_NamespaceThatThePodDoesNotHave_IsInvalid(V1.NamespaceMode network, V1.NamespaceMode ipc, V1.NamespaceMode pid)
    {
        var linux = SpecFixture.OwnPid();
        linux.SecurityContext.NamespaceOptions = new V1.NamespaceOption { Network = network, Ipc = ipc, Pid = pid };

        var error = Assert.Throws<RpcException>(() => ContainerNamespaces.Check(SpecFixture.Input(new V1.ContainerConfig { Linux = linux })));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }
}
