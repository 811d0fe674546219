using System.Text.Json;
using Cri.Api.V1;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class StatusReasonTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private static readonly LinuxContainerResources _little = new() { MemoryLimitInBytes = 20 << 20, MemorySwapLimitInBytes = 20 << 20 };

    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task Exit_WithZero_IsCompleted() => Assert.Equal(("Completed", 0), await EndAsync("exit 0"));

    [Fact]
    public async Task Exit_WithAnotherCode_IsError() => Assert.Equal(("Error", 7), await EndAsync("exit 7"));

    [Fact]
    public async Task Exit_BySignal_IsErrorWith128More() => Assert.Equal(("Error", 143), await EndAsync("trap - TERM; kill -TERM $$", ownPid: false));

    [Fact]
    [Trait("Depends", "cgroup")]
    public async Task OomKill_OfTheInit_IsOomKilled()
    {
        var container = await Pod.StartAsync(["tail", "-c", "200000000", "/dev/zero"], config => config.Linux.Resources = _little);

        var status = await container.ExitAsync();

        Assert.Equal(("OOMKilled", 137), (status.Reason, status.ExitCode));
    }

    [CrispdFact]
    [Trait("Depends", "cgroup")]
    public async Task OomKill_OfAChildThatItsParentSurvives_IsOomKilled()
    {
        var container = await Pod.StartScriptAsync("tail -c 200000000 /dev/zero; exit 3", config => config.Linux.Resources = _little);

        var status = await container.ExitAsync();

        Assert.Equal(("OOMKilled", 3), (status.Reason, status.ExitCode));
    }

    [Fact]
    public async Task Start_OfACommandThatIsNotThere_EndsWithTheRuntimesWords()
    {
        var container = await Pod.CreateAsync(["/nowhere"]);

        await Assert.ThrowsAsync<RpcException>(container.StartAsync);

        var status = await container.StatusAsync();
        Assert.Equal((ContainerState.ContainerExited, "StartError", 128), (status.State, status.Reason, status.ExitCode));
        Assert.Contains("/nowhere", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StopContainer_StopSignalOfTheRequest_IsSentAndReported()
    {
        var container = await Pod.StartScriptAsync(
            "trap 'exit 42' USR1; echo ready; while true; do sleep 0.1; done", config => config.StopSignal = Signal.Sigusr1);
        await container.LoggedAsync("ready");

        await container.StopAsync(600);

        var status = await container.StatusAsync();
        Assert.Equal((42, Signal.Sigusr1), (status.ExitCode, status.StopSignal));
    }

    [Fact]
    public async Task StopContainer_StopSignalOfTheImage_IsSentAndReported()
    {
        var reference = await Cri.PullAsync(new TestImage { Name = "stopsignal:v1", StopSignal = "SIGUSR2" });
        var container = await Pod.StartScriptAsync(
            "trap 'exit 43' USR2; echo ready; while true; do sleep 0.1; done", config => config.Image.Image = reference);
        await container.LoggedAsync("ready");

        await container.StopAsync(600);

        var status = await container.StatusAsync();
        Assert.Equal((43, Signal.Sigusr2), (status.ExitCode, status.StopSignal));
    }

    [Fact]
    public async Task StopContainer_NothingSaidOfASignal_ReportsSigterm() =>
        Assert.Equal(Signal.Sigterm, (await (await Pod.CreateAsync(["true"])).StatusAsync()).StopSignal);

    [Fact]
    public async Task ImageOfAContainer_ById_IsTheSameEverywhereAndHasItsName()
    {
        var pulled = await Cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = Cri.Busybox } });
        var container = await Pod.CreateAsync(["true"], config =>
            config.Image = new ImageSpec { Image = pulled.ImageRef, UserSpecifiedImage = Cri.Busybox });

        var status = await container.StatusAsync();
        var listed = (await Cri.Runtime.ListContainersAsync(new ListContainersRequest { Filter = new ContainerFilter { Id = container.Id } })).Containers.Single();
        var image = (await Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = Cri.Busybox } })).Image;
        var images = (await Cri.Images.ListImagesAsync(new ListImagesRequest())).Images.Single(one => one.Id == image.Id);

        Assert.Equal([image.Id, image.Id, image.Id], new[] { pulled.ImageRef, status.ImageId, listed.ImageId });
        Assert.Equal(status.ImageRef, listed.ImageRef);
        Assert.Contains(status.ImageRef, image.RepoDigests.Append(image.Id));
        Assert.Equal(image.RepoTags, images.RepoTags);
        if (Cri.Crispd is not null)
        {
            Assert.Contains(status.Image.Image, image.RepoTags);
            Assert.Equal((status.Image.Image, Cri.Busybox), (listed.Image.Image, status.Image.UserSpecifiedImage));
        }
    }

    [Fact]
    public async Task ContainerStatus_WhatWasAskedFor_IsShown()
    {
        using var volume = new Testing.TemporaryDirectory("volume");
        var container = await Pod.CreateAsync(["true"], config =>
        {
            config.Annotations["a"] = "1";
            config.Labels["l"] = "2";
            config.Mounts.Add(new Mount { HostPath = volume.Path, ContainerPath = "/data", Readonly = true });
        });

        var status = await container.StatusAsync();

        Assert.Equal(container.LogPath, status.LogPath);
        Assert.Equal(("1", "2"), (status.Annotations["a"], status.Labels["l"]));
        var mount = Assert.Single(status.Mounts, mount => mount.ContainerPath == "/data");
        Assert.Equal((volume.Path, true), (mount.HostPath, mount.Readonly));
    }

    [Fact]
    public async Task ContainerStatus_Verbose_HasWhatCrictlInspectShows()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);

        var answer = await Cri.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = container.Id, Verbose = true });

        using var info = JsonDocument.Parse(answer.Info["info"]);
        Assert.Equal(Pod.Id, info.RootElement.GetProperty("sandboxID").GetString());
        Assert.Equal("sleep", info.RootElement.GetProperty("runtimeSpec").GetProperty("process").GetProperty("args")[0].GetString());
        Assert.True(Directory.Exists($"/proc/{info.RootElement.GetProperty("pid").GetInt32()}"));
    }

    [CrispdFact]
    public async Task PodSandboxStatus_Verbose_NamesItsNetworkNamespace()
    {
        var answer = await Cri.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = Pod.Id, Verbose = true });

        using var info = JsonDocument.Parse(answer.Info["info"]);
        var namespaces = info.RootElement.GetProperty("runtimeSpec").GetProperty("linux").GetProperty("namespaces");
        var network = namespaces.EnumerateArray().Single(one => one.GetProperty("type").GetString() == "network");
        Assert.True(File.Exists(network.GetProperty("path").GetString()));
    }

    private async Task<(string Reason, int Code)> EndAsync(string script, bool ownPid = true)
    {
        // A signal without a handler does not reach the init of a PID namespace.
        var pod = ownPid ? Pod : await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        var container = await pod.StartScriptAsync(script, config =>
            config.Linux.SecurityContext.NamespaceOptions.Pid = ownPid ? NamespaceMode.Container : NamespaceMode.Pod);
        var status = await container.ExitAsync();
        return (status.Reason, status.ExitCode);
    }
}
