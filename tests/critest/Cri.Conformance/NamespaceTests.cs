using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class NamespaceTests : ConformanceTest
{
    [Fact]
    public async Task Ipc_OfAPod_IsSharedByItsContainersAndNotTheNodes()
    {
        var pod = await RunPodAsync();

        var (one, two) = (await NamespaceAsync(pod, "ipc"), await NamespaceAsync(pod, "ipc"));

        Assert.Equal(one, two);
        Assert.NotEqual(Node("ipc"), one);
    }

    [Fact]
    public async Task Ipc_OfTheNode_IsTheNodes()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Ipc = NamespaceMode.Node);

        Assert.Equal(Node("ipc"), await NamespaceAsync(pod, "ipc"));
    }

    [Fact]
    public async Task Network_OfAPod_IsSharedByItsContainersAndNotTheNodes()
    {
        var pod = await RunPodAsync();

        var (one, two) = (await NamespaceAsync(pod, "net"), await NamespaceAsync(pod, "net"));

        Assert.Equal(one, two);
        Assert.NotEqual(Node("net"), one);
    }

    [Fact]
    public async Task Network_OfTheNode_IsTheNodesWithItsHostname()
    {
        var pod = await RunPodAsync(config =>
        {
            config.Hostname = "";
            config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node;
        });

        Assert.Equal(Node("net"), await NamespaceAsync(pod, "net"));
        Assert.Equal(Node("uts"), await NamespaceAsync(pod, "uts"));
    }

    [Fact]
    public async Task Pid_OfAContainer_IsItsOwn()
    {
        var pod = await RunPodAsync();
        var running = await pod.StartAsync(["sleep", "1000"]);

        // Both at once: the kernel gives the number of a namespace that is gone to the next one.
        var (one, two) = (await running.ShellAsync("readlink /proc/self/ns/pid"), await NamespaceAsync(pod, "pid"));

        Assert.NotEqual(one, two);
        Assert.NotEqual(Node("pid"), one);
    }

    [Fact]
    public async Task Pid_OfAPod_IsSharedByItsContainersAndNotTheNodes()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);

        var (one, two) = (await NamespaceAsync(pod, "pid", NamespaceMode.Pod), await NamespaceAsync(pod, "pid", NamespaceMode.Pod));

        Assert.Equal(one, two);
        Assert.NotEqual(Node("pid"), one);
    }

    [Fact]
    public async Task Pid_OfTheNode_IsTheNodes()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Node);

        Assert.Equal(Node("pid"), await NamespaceAsync(pod, "pid", NamespaceMode.Node));
    }

    [Fact]
    public async Task Pid_OfATarget_IsTheTargets()
    {
        var pod = await RunPodAsync();
        var target = await pod.StartAsync(["sleep", "4321"]);

        var output = await pod.OutputAsync("for i in $(seq 600); do ps | grep -q 'sleep [4]321' && break; sleep 0.1; done; ps | grep -c 'sleep [4]321'", Target(target.Id));

        Assert.Equal("1", output);
    }

    [Fact]
    public async Task Pid_OfATargetInAnotherPod_IsRefused()
    {
        var (pod, other) = (await RunPodAsync(), await RunPodAsync());
        var target = await other.StartAsync(["sleep", "1000"]);

        await FailsAsync(StatusCode.InvalidArgument, "target container", () => pod.CreateAsync(["true"], Target(target.Id)));
    }

    [Fact]
    public async Task Pid_OfATargetThatIsNotThere_IsRefused()
    {
        var pod = await RunPodAsync();

        await FailsAsync(StatusCode.NotFound, "container", () => pod.CreateAsync(["true"], Target(new string('a', 64))));
    }

    [Fact]
    public async Task Pid_OfATargetWithoutAnId_IsRefused()
    {
        var pod = await RunPodAsync();

        await FailsAsync(StatusCode.InvalidArgument, "target_id", () => pod.CreateAsync(["true"], Target("")));
    }

    [Fact]
    public async Task Pid_OfTheNodeInAPodThatDoesNotHaveIt_IsRefused()
    {
        var pod = await RunPodAsync();

        await FailsAsync(
            StatusCode.InvalidArgument,
            "PID mode NODE needs a pod sandbox",
            () => pod.CreateAsync(["true"], config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Node));
    }

    [Theory]
    [InlineData(NamespaceMode.Container, "network mode CONTAINER")]
    [InlineData(NamespaceMode.Target, "network mode TARGET")]
    [InlineData(NamespaceMode.Node, "network mode NODE needs a pod sandbox")]
    public async Task Network_OfAContainerAlone_IsRefused(NamespaceMode mode, string words)
    {
        var pod = await RunPodAsync();

        await FailsAsync(
            StatusCode.InvalidArgument,
            words,
            () => pod.CreateAsync(["true"], config => config.Linux.SecurityContext.NamespaceOptions.Network = mode));
    }

    [Theory]
    [InlineData(NamespaceMode.Container, "IPC mode CONTAINER")]
    [InlineData(NamespaceMode.Target, "IPC mode TARGET")]
    [InlineData(NamespaceMode.Node, "IPC mode NODE needs a pod sandbox")]
    public async Task Ipc_OfAContainerAlone_IsRefused(NamespaceMode mode, string words)
    {
        var pod = await RunPodAsync();

        await FailsAsync(
            StatusCode.InvalidArgument,
            words,
            () => pod.CreateAsync(["true"], config => config.Linux.SecurityContext.NamespaceOptions.Ipc = mode));
    }

    [Theory]
    [InlineData(NamespaceMode.Container)]
    [InlineData(NamespaceMode.Target)]
    public async Task RunPodSandbox_NetworkOrIpcOfAnotherMode_IsRefused(NamespaceMode mode)
    {
        await FailsAsync(
            StatusCode.InvalidArgument, "network mode", () => RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Network = mode));
        await FailsAsync(
            StatusCode.InvalidArgument, "IPC mode", () => RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Ipc = mode));
    }

    [Fact]
    public async Task RunPodSandbox_PidOfATarget_IsRefused() => await FailsAsync(
        StatusCode.InvalidArgument,
        "PID mode TARGET",
        () => RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Target));

    private static Action<ContainerConfig> Target(string id) => config =>
        config.Linux.SecurityContext.NamespaceOptions = new NamespaceOption { Pid = NamespaceMode.Target, TargetId = id };

    private static string Node(string name) => new FileInfo($"/proc/self/ns/{name}").LinkTarget!;

    private static Task<string> NamespaceAsync(TestPod pod, string name, NamespaceMode pid = NamespaceMode.Container) => pod.OutputAsync(
        $"readlink /proc/self/ns/{name}", config => config.Linux.SecurityContext.NamespaceOptions.Pid = pid);
}
