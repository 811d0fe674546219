using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class ErrorTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private const string Unknown = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task PodSandboxStatus_OfAnUnknownPod_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, Unknown, async () =>
            await Cri.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = Unknown }));

    [Fact]
    public async Task StopPodSandbox_OfAnUnknownPod_IsNoError() =>
        await Cri.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = Unknown });

    [Fact]
    public async Task RemovePodSandbox_OfAnUnknownPod_IsNoError() =>
        await Cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = Unknown });

    [Fact]
    public async Task ContainerStatus_OfAnUnknownContainer_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, Unknown, async () =>
            await Cri.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = Unknown }));

    [Fact]
    public async Task StartContainer_OfAnUnknownContainer_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, Unknown, async () =>
            await Cri.Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = Unknown }));

    [Fact]
    public async Task StopContainer_OfAnUnknownContainer_IsNoError() =>
        await Cri.Runtime.StopContainerAsync(new StopContainerRequest { ContainerId = Unknown });

    [Fact]
    public async Task RemoveContainer_OfAnUnknownContainer_IsNoError() =>
        await Cri.Runtime.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = Unknown });

    [Fact]
    public async Task ExecSync_InAnUnknownContainer_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, Unknown, async () =>
            await Cri.Runtime.ExecSyncAsync(new ExecSyncRequest { ContainerId = Unknown, Cmd = { "true" } }));

    [Fact]
    public async Task ReopenContainerLog_OfAnUnknownContainer_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, Unknown, async () =>
            await Cri.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = Unknown }));

    [Fact]
    public async Task CreateContainer_InAnUnknownPod_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, Unknown, async () => await Cri.Runtime.CreateContainerAsync(
            new CreateContainerRequest { PodSandboxId = Unknown, Config = Pod.NewContainer(["true"]), SandboxConfig = Pod.Config }));

    [Fact]
    public async Task CreateContainer_OfAnUnknownImage_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, "never-pulled", async () =>
            await Pod.CreateAsync(["true"], config => config.Image.Image = $"{Cri.Registry.Host}/never-pulled:v1"));

    [Fact]
    public async Task CreateContainer_InAStoppedPod_IsAnError()
    {
        var pod = await RunPodAsync();
        await pod.StopAsync();

        await Assert.ThrowsAsync<RpcException>(() => pod.CreateAsync(["true"]));
    }

    [Fact]
    public async Task StartContainer_OfAMissingProgram_NamesItAndTheContainerEndsAs128()
    {
        var container = await Pod.CreateAsync(["/no/such/program"]);

        var error = await Assert.ThrowsAsync<RpcException>(container.StartAsync);

        Assert.Contains("/no/such/program", error.Status.Detail, StringComparison.Ordinal);
        var status = await container.StatusAsync();
        Assert.Equal((ContainerState.ContainerExited, 128, "StartError"), (status.State, status.ExitCode, status.Reason));
    }

    [CrispdFact]
    public async Task CreateContainer_WithAMountSourceThatCannotBe_IsFailedPrecondition() =>
        await FailsAsync(StatusCode.FailedPrecondition, "/etc/passwd/source", async () =>
            await Pod.CreateAsync(["true"], config =>
                config.Mounts.Add(new Mount { ContainerPath = "/data", HostPath = "/etc/passwd/source" })));

    [CrispdFact]
    public async Task CreateContainer_WithAnUnknownUsername_IsFailedPrecondition() =>
        await FailsAsync(StatusCode.FailedPrecondition, "nobody-here", async () =>
            await Pod.CreateAsync(["true"], config => config.Linux.SecurityContext.RunAsUsername = "nobody-here"));

    [CrispdFact]
    public async Task CreateContainer_WithAnUnknownCapability_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "NO_SUCH_CAP", async () =>
            await Pod.CreateAsync(["true"], config =>
                config.Linux.SecurityContext.Capabilities = new Capability { AddCapabilities = { "NO_SUCH_CAP" } }));

    [CrispdFact]
    public async Task CreateContainer_WithALogPathOutOfItsDirectory_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "../../out.log", async () => await Cri.Runtime.CreateContainerAsync(new CreateContainerRequest
        {
            PodSandboxId = Pod.Id,
            SandboxConfig = Pod.Config,
            Config = new ContainerConfig(Pod.NewContainer(["true"])) { LogPath = "../../out.log" },
        }));

    [CrispdFact]
    public async Task CreateContainer_WithoutMetadata_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "metadata", async () => await Cri.Runtime.CreateContainerAsync(new CreateContainerRequest
        {
            PodSandboxId = Pod.Id,
            SandboxConfig = Pod.Config,
            Config = new ContainerConfig(Pod.NewContainer(["true"])) { Metadata = null },
        }));

    [CrispdFact]
    public async Task RunPodSandbox_WithoutMetadata_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "metadata", async () =>
            await Cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = new PodSandboxConfig() }));

    [CrispdFact]
    public async Task RunPodSandbox_WithABadCgroupParent_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "/a/../b", () => RunPodAsync(config => config.Linux.CgroupParent = "/a/../b"));

    [CrispdFact]
    public async Task RunPodSandbox_WithAnUnknownHandler_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "no-such-handler", async () => await Cri.Runtime.RunPodSandboxAsync(
            new RunPodSandboxRequest { Config = TestPod.NewConfig(Cri), RuntimeHandler = "no-such-handler" }));

    [CrispdFact]
    public async Task RunPodSandbox_WithAHostileDnsServer_IsInvalidArgument() =>
        await FailsAsync(StatusCode.InvalidArgument, "dns_config", () =>
            RunPodAsync(config => config.DnsConfig = new DNSConfig { Servers = { "1.2.3.4\nnameserver 6.6.6.6" } }));

    [CrispdFact]
    public async Task RunPodSandbox_ThatFailsInTheNetwork_LeavesNoPodBehind()
    {
        var config = TestPod.NewConfig(Cri, c => c.PortMappings.Add(new PortMapping { ContainerPort = 80, HostPort = 70_000 }));

        await Assert.ThrowsAsync<RpcException>(async () => await Cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config }));

        var pods = await Cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest());
        Assert.DoesNotContain(pods.Items, pod => pod.Metadata.Uid == config.Metadata.Uid);
    }
}
