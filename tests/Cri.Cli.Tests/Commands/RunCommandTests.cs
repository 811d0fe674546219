using Cri.Api.V1;
using Cri.Cli.Commands;
using Xunit;

namespace Cri.Cli.Tests.Commands;

public sealed class RunCommandTests
{
    [Fact]
    public async Task Run_Foreground_PrintsLogReturnsExitCodeAndStopsThePod()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("run", "--log-dir", node.LogRoot, "nginx", "exit", "3", "-o", "json", "--rm");
        Assert.Equal(new CommandResult(3, "hello exit 3 -o json --rm\n", "oops\n"), result);
        Assert.Equal(["RunPodSandbox", "CreateContainer", "StartContainer", "StopPodSandbox"], node.Runtime.Calls);
        Assert.Single(node.Images.Pulls);
    }

    [Fact]
    public async Task Run_WithRm_LeavesNothing()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("run", "--rm", "--log-dir", node.LogRoot, "nginx");
        Assert.Equal(0, result.Code);
        Assert.Equal("RemovePodSandbox", node.Runtime.Calls[^1]);
        Assert.Empty(Directory.GetFileSystemEntries(node.LogRoot));
    }

    [Fact]
    public async Task Run_AllOptions_AreInTheRequests()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync(
            "run", "--log-dir", node.LogRoot, "--name", "web", "-p", "8080:80", "-e", "A=b", "-v", "/data:/srv:ro", "-d", "nginx", "sleep");
        Assert.Equal(new CommandResult(0, "ccccccccccccccc0\n", ""), result);
        var (pod, container) = (node.Runtime.LastPod!, node.Runtime.LastContainer!);
        Assert.Equal(("web", "default", "web"), (pod.Metadata.Name, pod.Metadata.Namespace, pod.Hostname));
        Assert.Equal(Path.Combine(node.LogRoot, $"default_web_{pod.Metadata.Uid}"), pod.LogDirectory);
        Assert.Equal(new PortMapping { HostPort = 8080, ContainerPort = 80 }, Assert.Single(pod.PortMappings));
        Assert.Equal(NamespaceMode.Pod, pod.Linux.SecurityContext.NamespaceOptions.Network);
        Assert.Equal(("web", "web/0.log"), (container.Metadata.Name, container.LogPath));
        Assert.Equal(new KeyValue { Key = "A", Value = "b" }, Assert.Single(container.Envs));
        Assert.Equal("/srv", Assert.Single(container.Mounts).ContainerPath);
        Assert.Equal(["sleep"], container.Args);
        Assert.Equal("nginx", container.Image.UserSpecifiedImage);
        Assert.StartsWith("sha256:", container.Image.Image, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_HostNetwork_AsksForTheNodes()
    {
        await using var node = await FakeNode.StartAsync();
        await node.RunAsync("run", "--log-dir", node.LogRoot, "--host-network", "nginx");
        Assert.Equal(NamespaceMode.Node, node.Runtime.LastPod!.Linux.SecurityContext.NamespaceOptions.Network);
        Assert.Equal("", node.Runtime.LastPod!.Hostname);
    }

    [Fact]
    public async Task Run_ImageThere_DoesNotPull()
    {
        await using var node = await FakeNode.StartAsync();
        node.Images.Images["nginx"] = new Image { Id = "sha256:1" };
        await node.RunAsync("run", "--log-dir", node.LogRoot, "nginx");
        Assert.Empty(node.Images.Pulls);
    }

    [Fact]
    public async Task Run_PullFails_SaysSoAndMakesNothing()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("run", "--log-dir", node.LogRoot, "missing");
        Assert.Equal(new CommandResult(1, "", "crisp: pull missing: manifest unknown\n"), result);
        Assert.Empty(node.Runtime.Calls);
        Assert.False(Directory.Exists(node.LogRoot));
    }

    [Fact]
    public async Task Run_CreateFails_RemovesWhatWasMade()
    {
        await using var node = await FakeNode.StartAsync();
        var result = await node.RunAsync("run", "--log-dir", node.LogRoot, "--name", "web", "nginx", "fail-create");
        Assert.Equal(new CommandResult(1, "", "crisp: create container web: mount /nope: no such directory\n"), result);
        Assert.Equal(["RunPodSandbox", "CreateContainer", "StopPodSandbox", "RemovePodSandbox"], node.Runtime.Calls);
        Assert.Empty(Directory.GetFileSystemEntries(node.LogRoot));
    }

    [Fact]
    public async Task Run_Interrupted_StopsTheContainerAndReturnsItsCode()
    {
        await using var node = await FakeNode.StartAsync();
        using var interrupt = new CancellationTokenSource();
        var run = node.RunAsync(interrupt.Token, "run", "--rm", "--log-dir", node.LogRoot, "nginx", "sleep");
        await node.Runtime.StatusAsked.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await interrupt.CancelAsync();
        var result = await run;
        Assert.Contains("StopContainer 10", node.Runtime.Calls);
        Assert.Equal("RemovePodSandbox", node.Runtime.Calls[^1]);
        Assert.Contains("hello sleep\n", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_RmWithDetach_IsWrongUsage()
    {
        await using var node = await FakeNode.StartAsync();
        Assert.Equal(2, (await node.RunAsync("run", "--rm", "-d", "nginx")).Code);
    }

    [Theory]
    [InlineData("docker.io/library/nginx:1.27", "nginx-")]
    [InlineData("localhost:5000/My_App@sha256:0", "myapp-")]
    [InlineData("_", "pod-")]
    public void NewName_AnyImage_IsAHostName(string image, string start) =>
        Assert.Matches($"^{start}[0-9a-f]{{5}}$", RunCommand.NewName(image));
}
