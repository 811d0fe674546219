using Cri.Api.V1;
using Cri.Testing.Leaks;
using Cri.Testing.Pods;
using Grpc.Core;

namespace Cri.Faults.Kills;

/// <summary>
/// A reboot: all processes are gone and nothing is mounted, the state directory is empty, the root directory is as it was.
/// </summary>
public sealed class RebootTests(KillNode node) : IClassFixture<KillNode>
{
    /// <summary>The point that only a start after a reboot comes to.</summary>
    public const string Sweep = "recover.network-swept";

    [Fact]
    public async Task Start_AfterAReboot_SweepsWhatItEndedAndKeepsImages()
    {
        await node.TryAsync("reboot", "pods run", () => RebootAsync(null));
        await node.TryAsync("reboot, and crispd killed while it starts", Sweep, () => RebootAsync($"{Fault.OfCrispd}={Sweep}"));
    }

    private async Task<bool> RebootAsync(string? fault)
    {
        var cri = node.Cri;
        var pod = await TestPod.RunAsync(cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        await pod.StartAsync(["sleep", "1000"]);
        await (await pod.StartScriptAsync("echo x > /written")).ExitAsync();
        await pod.CreateAsync(["true"]);

        await EndMachineAsync();
        if (fault is not null)
        {
            // It happens beside the serving.
            if (await node.Crispd.TryStartAsync(fault))
            {
                Assert.True(await node.Crispd.DiesAsync());
            }
        }

        await node.Crispd.StartAsync();
        cri.Reconnect();
        Assert.Empty((await cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest())).Items);
        Assert.Empty((await cri.Runtime.ListContainersAsync(new ListContainersRequest())).Containers);
        Assert.Single((await cri.Images.ListImagesAsync(new ListImagesRequest())).Images);
        await cri.Leaks.AssertNothingAsync();
        await Eventually.HoldsAsync(
            () => Directory.GetFileSystemEntries(node.Crispd.Root + "/cni").Length == 0, "no attachment is recorded any more");

        // As a kubelet does: it knows the pod and finds no sandbox of it.
        var again = await TestPod.RunAsync(cri, pod.Config);
        Assert.NotEqual(pod.Id, again.Id);
        Assert.Equal("after", await again.OutputAsync("test ! -e /written && echo after"));
        await again.DisposeAsync();
        await cri.Leaks.AssertNothingAsync();
        await node.RestoreBystanderAsync();
        return true;
    }

    // All that a reboot does to us, but for the machine.
    private async Task EndMachineAsync()
    {
        await node.Crispd.KillAsync();
        LeftoverRemoval.Run(node.Cri.Leaks with { ExpectedProcesses = new HashSet<int>() });
        LeftoverRules.Remove(node.Crispd.Leaks.Bridge!);
        foreach (var entry in Directory.GetFileSystemEntries(node.Crispd.State))
        {
            if (Directory.Exists(entry))
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }
    }
}
