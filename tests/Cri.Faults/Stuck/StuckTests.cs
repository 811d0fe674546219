using System.Text.Json;
using Cri.Api.V1;
using Cri.Linux;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;
using Mount = Cri.Api.V1.Mount;

namespace Cri.Faults.Stuck;

/// <summary>What no signal ends, and shims that do not answer: each is told, holds up nothing else, and goes when it can.</summary>
public sealed class StuckTests : IAsyncLifetime
{
    private CriEndpoint _cri = null!;

    public async Task InitializeAsync() => _cri = await CriEndpoint.StartAsync();

    public async Task DisposeAsync() => await _cri.DisposeAsync();

    private CrispdFixture Crispd => _cri.Crispd!;

    [Fact]
    public async Task Container_WhoseProcessIsInUninterruptibleSleep_IsReportedAndEndsWhenItCan()
    {
        using var disk = new FrozenDisk();
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartScriptAsync(
            "exec 3>/vol/file; while :; do echo x >&3; done",
            config => config.Mounts.Add(new Mount { ContainerPath = "/vol", HostPath = disk.Path }));
        var pid = await container.PidAsync();
        await Eventually.HoldsAsync(() => new FileInfo($"{disk.Path}/file") is { Exists: true, Length: > 0 }, "the container writes");
        disk.Freeze();
        await Eventually.HoldsAsync(() => StuckProcess.StateOf(pid, pid) == 'D', "the container's process waits for the disk");

        var stop = FailsAsync(() => container.StopAsync(1));
        await using (var other = await TestPod.RunAsync(_cri))
        {
            Assert.Equal("as ever", await other.OutputAsync("echo as ever"));
        }

        AssertNames(await stop, pid);
        var status = await container.StatusAsync();
        Assert.Equal((ContainerState.ContainerRunning, "Stuck"), (status.State, status.Reason));
        Assert.Contains($"process {pid} (sh) in state D", status.Message, StringComparison.Ordinal);
        using (var info = await InfoAsync(container))
        {
            var process = info.RootElement.GetProperty("stuck").GetProperty("processes")[0];
            Assert.Equal((pid, "D", "/vol/file"), (process.GetProperty("pid").GetInt32(), process.GetProperty("state").GetString(), process.GetProperty("path").GetString()));
            Assert.NotEqual("", process.GetProperty("waitChannel").GetString());
        }

        AssertNames(await FailsAsync(pod.StopAsync), pid);
        Assert.Contains($"process {pid}", await PodInfoAsync(pod), StringComparison.Ordinal);

        disk.Thaw();

        Assert.Equal(137, (await container.ExitAsync()).ExitCode);
        await Eventually.GetAsync(pod.StatusAsync, now => now.State == PodSandboxState.SandboxNotready, "the pod's stop is gone on with");
        await Eventually.HoldsAsync(() => Crispd.Log.Contains($"StopPodSandbox of {pod.Id}: done at last", StringComparison.Ordinal), "that is told");
        Assert.Equal("Error", (await container.StatusAsync()).Reason);
        Assert.DoesNotContain("stuck", await PodInfoAsync(pod), StringComparison.Ordinal);
        await pod.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    [Fact]
    public async Task StopPodSandbox_WhoseShimDoesNotAnswer_EndsItAndItsContainers()
    {
        var pod = await TestPod.RunAsync(_cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        var container = await pod.StartScriptAsync("trap '' TERM; while :; do sleep 0.1; done", config => config.Linux = new LinuxContainerConfig());
        var (shim, pid) = (await pod.ShimPidAsync(), await container.PidAsync());
        Signals.Send(shim, 19);

        var stop = await FailsAsync(() => container.StopAsync(1));

        Assert.Equal(StatusCode.DeadlineExceeded, stop.StatusCode);
        Assert.Contains($"process {shim} (crisp-shim) in state T", stop.Status.Detail, StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{pid}/root/bin"), "the container's process was killed all the same");
        await pod.StopAsync();
        Assert.Equal(ContainerState.ContainerExited, (await container.StatusAsync()).State);
        Assert.False(Directory.Exists($"/proc/{shim}/root/bin"));
        await pod.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    [Fact]
    public async Task Pod_WhoseRootFileSystemsAreInUseByABystander_IsRemoved()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var start = new System.Diagnostics.ProcessStartInfo("sleep", ["1000"]) { WorkingDirectory = $"{Crispd.PodDirectory(pod.Id)}/{container.Id}/rootfs/bin" };
        using var bystander = System.Diagnostics.Process.Start(start)!;
        try
        {
            await container.StopAsync(0);
            await pod.StopAsync();
            await pod.RemoveAsync();

            Assert.False(bystander.HasExited);
            Assert.False(Directory.Exists(Crispd.PodDirectory(pod.Id)));
        }
        finally
        {
            bystander.Kill();
        }

        await pod.DisposeAsync();
        await Crispd.Leaks.AssertNothingAsync();
    }

    private static void AssertNames(RpcException error, int pid)
    {
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.Contains($"process {pid} (sh) in state D, wait channel ", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(", at /vol/file", error.Status.Detail, StringComparison.Ordinal);
    }

    private static Task<RpcException> FailsAsync(Func<Task> call) => Assert.ThrowsAsync<RpcException>(call);

    private async Task<JsonDocument> InfoAsync(TestContainer container)
    {
        var answer = await _cri.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = container.Id, Verbose = true });
        return JsonDocument.Parse(answer.Info["info"]);
    }

    private async Task<string> PodInfoAsync(TestPod pod)
    {
        var answer = await _cri.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = pod.Id, Verbose = true });
        return answer.Info["info"];
    }
}
