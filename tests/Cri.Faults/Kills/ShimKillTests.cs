using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;

namespace Cri.Faults.Kills;

/// <summary>
/// The shim of a pod is killed at a named point: its pod is not ready any more, can be stopped and removed, and the same pod can be run
/// again; no other pod notices.
/// </summary>
public sealed class ShimKillTests(KillNode node) : IClassFixture<KillNode>
{
    private const string Cause = "shim killed";

    /// <summary>Every point of a shim, as many times as there are rounds.</summary>
    public static TheoryData<string, int> Points
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var fault in Fault.All.Where(fault => fault.Variable == Fault.OfShims))
            {
                for (var i = 0; i < Fault.Rounds; i++)
                {
                    data.Add(fault.Name, i + 1);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Points))]
    public Task Shim_KilledAtAPoint_LosesItsPodOnly(string point, int number) => node.TryAsync(Cause, point, async () =>
    {
        Assert.True(number > 0);
        await node.Crispd.KillAsync();
        await node.Crispd.StartAsync($"{Fault.OfShims}={point}");
        node.Cri.Reconnect();
        var config = TestPod.NewConfig(node.Cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Container);
        Assert.True(await FailsAsync(config, point), $"no step comes to {point}");
        await RemovePodsAsync(config);

        // The shims of pods that are run from now on have no fault.
        await node.Crispd.KillAsync();
        await node.ReviveAsync();
        config.Metadata.Attempt++;
        Directory.Delete(config.LogDirectory, recursive: true);
        var pod = await TestPod.RunAsync(node.Cri, config);
        Assert.Equal("again", await pod.OutputAsync("echo again"));
        await pod.DisposeAsync();
        await node.Bystander.CheckAsync();
        await node.CheckLeftoversAsync();
        return true;
    });

    // True when the shim died in one of the steps, of which the one under way fails or tells nothing wrong.
    private async Task<bool> FailsAsync(PodSandboxConfig config, string point)
    {
        TestPod? pod = null;
        try
        {
            pod = await TestPod.RunAsync(node.Cri, config);
            await LiveAsync(pod);
        }
        catch (RpcException failed) when (failed.StatusCode is not StatusCode.Unavailable || node.Crispd.IsRunning)
        {
            Assert.NotEmpty(failed.Status.Detail);
        }

        return pod is null || await IsReachedAsync(pod, point);
    }

    // A shim says so before it goes.
    private async Task<bool> IsReachedAsync(TestPod pod, string point)
    {
        var log = node.Crispd.PodDirectory(pod.Id) + "/shim.log";
        await Eventually.HoldsAsync(() => File.ReadAllText(log).Contains($"fault point {point} is reached", StringComparison.Ordinal), $"{point} is reached");
        await Eventually.GetAsync(pod.StatusAsync, status => status.State == PodSandboxState.SandboxNotready, "the pod is not ready");
        return true;
    }

    private async Task LiveAsync(TestPod pod)
    {
        var main = await pod.StartScriptAsync("i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done");
        await main.ShellAsync("true");
        await node.Cri.Runtime.UpdateContainerResourcesAsync(new UpdateContainerResourcesRequest
        {
            ContainerId = main.Id,
            Linux = new LinuxContainerResources { CpuShares = 222 },
        });
        await main.LoggedAsync("1");
        File.Move(main.LogPath, main.LogPath + ".1");
        await node.Cri.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = main.Id });
        await main.StopAsync(0);
        await main.RemoveAsync();
        await pod.StopAsync();
    }

    private async Task RemovePodsAsync(PodSandboxConfig config)
    {
        var pods = (await node.Cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest())).Items.Where(pod => pod.Metadata.Uid == config.Metadata.Uid);
        foreach (var pod in pods.ToList())
        {
            Assert.Equal(PodSandboxState.SandboxNotready, pod.State);
            await node.Cri.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod.Id });
            await node.Cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = pod.Id });
        }
    }
}
