using Cri.Api.V1;
using Cri.Linux;
using Cri.Testing;
using Cri.Testing.Disks;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>The disk under crispd's root directory breaks: every access is EIO, until the machine has another one or the same again.</summary>
public sealed class BrokenDiskTests
{
    [Fact]
    public async Task Root_OnABrokenDisk_IsToldAndWorksAfterItsRepair()
    {
        using var directory = new TemporaryDirectory("disk", "/var/tmp");
        await using var cri = await CriEndpoint.StartAsync();
        var crispd = cri.Crispd!;
        await crispd.StopAsync();
        var volume = new Volume("ext4", directory.Path);
        Testing.Command.Run("mount", "--bind", volume.Root, crispd.Root);
        try
        {
            await crispd.StartAsync();
            cri.Reconnect();
            await PullAsync(cri, cri.Busybox);
            var pod = await TestPod.RunAsync(cri);
            var container = await pod.StartAsync(["sleep", "100000"]);
            var image = await cri.Registry.PushAsync(new TestImage { Name = "broken:latest", Files = [TestFile.Text("new", "layer")] });

            // What was not on the disk yet is lost with it, which is a power cut's matter.
            Testing.Command.Run("sync", "-f", volume.Root);
            volume.Cut();
            await FailsAsync(() => PullAsync(cri, image), "broken");
            await FailsAsync(() => pod.CreateAsync(["true"]), "container");
            Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
            await container.StopAsync(0);
            Assert.Equal(137, (await container.StatusAsync()).ExitCode);
            await FailsAsync(pod.StopAsync, pod.Id);
            await Eventually.HoldsAsync(() => !MountTable.Below(crispd.State).Any(mount => mount.Type == "overlay"), "the container's root file system is unmounted");
            await crispd.KillAsync();
            Assert.False(await crispd.TryStartAsync());
            Assert.StartsWith("crispd: Input/output error", crispd.Log.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);

            Testing.Command.Run("umount", "-l", crispd.Root);
            volume.Restore();
            Testing.Command.Run("mount", "--bind", volume.Root, crispd.Root);
            await crispd.StartAsync();
            cri.Reconnect();
            await pod.StopAsync();
            await pod.DisposeAsync();
            await PullAsync(cri, cri.Busybox);
            await PullAsync(cri, image);
            await using (var again = await TestPod.RunAsync(cri, config => config.Metadata = pod.Config.Metadata.Clone()))
            {
                Assert.Equal("works", await again.OutputAsync("echo works"));
            }

            FaultTable.Record("EIO", "root directory");
        }
        finally
        {
            await cri.RemovePodsAsync();
            await crispd.StopAsync();
            Testing.Command.Run("umount", "-l", crispd.Root);
            volume.Remove();
            await crispd.StartAsync();
            cri.Reconnect();
        }

        await cri.Leaks.AssertNothingAsync();
    }

    private static async Task PullAsync(CriEndpoint cri, string reference) =>
        await cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = reference } });

    private static async Task FailsAsync(Func<Task> call, string named)
    {
        var error = await FaultSite.FailsAsync(call, named, StatusCode.Unavailable);
        Assert.Contains("Input/output error", error.Status.Detail, StringComparison.Ordinal);
    }
}
