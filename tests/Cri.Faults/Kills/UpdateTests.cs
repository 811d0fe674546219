using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;

namespace Cri.Faults.Kills;

/// <summary>One crispd takes over the pods of another: of an older one, and of a newer one as far as it can.</summary>
public sealed class UpdateTests(KillNode node) : IClassFixture<KillNode>
{
    [Fact]
    public Task Start_WithTheStateOfAnOlderCrispd_TakesItsPodsOver() => node.TryAsync("update", "from the first form of the state", async () =>
    {
        var pod = await TestPod.RunAsync(node.Cri);
        var runs = await pod.StartScriptAsync("echo first; sleep 1000");
        var ends = await pod.StartScriptAsync("until test -e /go; do sleep 0.05; done; exit 5");
        var waits = await pod.CreateAsync(["sh", "-c", "echo late"]);
        var (status, address, door) = (await runs.StatusAsync(), (await pod.StatusAsync()).Network.Ip, $"/proc/{await ends.PidAsync()}/root/go");

        await node.Crispd.KillAsync();
        OldRecord.Replace(RecordOf(pod));
        foreach (var container in new[] { runs, ends, waits })
        {
            OldRecord.Replace(RecordOf(container));
        }

        await File.WriteAllTextAsync(door, "");
        await Eventually.HoldsAsync(() => !Directory.Exists(Path.GetDirectoryName(Path.GetDirectoryName(door))), "the container has ended");
        await node.ReviveAsync();

        Assert.Equal(address, (await pod.StatusAsync()).Network.Ip);
        Assert.Equal(status, await runs.StatusAsync());
        Assert.Equal("works", await runs.ShellAsync("echo works"));
        Assert.Equal(5, (await ends.ExitAsync()).ExitCode);
        await waits.StartAsync();
        await waits.ExitAsync();
        Assert.Equal("late", waits.Output);
        await pod.DisposeAsync();
        await node.Bystander.CheckAsync();
        await node.CheckLeftoversAsync();
        return true;
    });

    [Fact]
    public Task Start_WithAPodOfANewerCrispd_LeavesItAlone() => node.TryAsync("downgrade", "a pod's record", async () =>
    {
        var pod = await TestPod.RunAsync(node.Cri);
        var runs = await pod.StartScriptAsync("sleep 1000");
        var pid = await runs.PidAsync();
        await node.Crispd.KillAsync();
        var newer = OldRecord.SetVersion(RecordOf(pod), 99);

        await StartAsync();

        await Assert.ThrowsAsync<RpcException>(pod.StatusAsync);
        Assert.True(Directory.Exists($"/proc/{pid}"));
        Assert.Equal(newer, await File.ReadAllTextAsync(RecordOf(pod)));
        Assert.Contains($"{RecordOf(pod)}: it is of version 99, which a newer crispd wrote", node.Crispd.Log, StringComparison.Ordinal);
        await ComeBackAsync(RecordOf(pod));
        Assert.Equal(ContainerState.ContainerRunning, (await runs.StatusAsync()).State);
        await EndAsync(pod);
        return true;
    });

    [Fact]
    public Task Start_WithAContainerOfANewerCrispd_LeavesItAlone() => node.TryAsync("downgrade", "a container's record", async () =>
    {
        var pod = await TestPod.RunAsync(node.Cri);
        var (known, newer) = (await pod.StartScriptAsync("sleep 1000"), await pod.StartScriptAsync("sleep 1000"));
        var pid = await newer.PidAsync();
        await node.Crispd.KillAsync();
        var text = OldRecord.SetVersion(RecordOf(newer), 99);

        await StartAsync();

        Assert.Equal(ContainerState.ContainerRunning, (await known.StatusAsync()).State);
        await Assert.ThrowsAsync<RpcException>(newer.StatusAsync);
        Assert.True(Directory.Exists($"/proc/{pid}"));
        Assert.Equal(text, await File.ReadAllTextAsync(RecordOf(newer)));
        Assert.Contains($"{RecordOf(newer)}: it is of version 99", node.Crispd.Log, StringComparison.Ordinal);
        await ComeBackAsync(RecordOf(newer));
        Assert.Equal("here", await newer.ShellAsync("echo here"));
        await EndAsync(pod);
        return true;
    });

    [Fact]
    public Task Start_WithImagesOfANewerCrispd_LeavesThemAlone() => node.TryAsync("downgrade", "an image's record", async () =>
    {
        await node.Cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = node.Image } });
        var images = await ImagesAsync();
        await node.Crispd.KillAsync();
        var record = Directory.GetFiles(node.Crispd.Root + "/images").Single(file => File.ReadAllText(file).Contains("/life:latest", StringComparison.Ordinal));
        var layers = Directory.GetDirectories(node.Crispd.Root + "/layers").Order().ToList();
        var text = OldRecord.SetVersion(record, 99);

        await StartAsync();

        Assert.DoesNotContain(await ImagesAsync(), name => name == node.Image);
        Assert.Equal(text, await File.ReadAllTextAsync(record));
        Assert.Equal(layers, Directory.GetDirectories(node.Crispd.Root + "/layers").Order());
        Assert.Contains($"{record}: it is of version 99", node.Crispd.Log, StringComparison.Ordinal);
        await ComeBackAsync(record);
        Assert.Equal(images, await ImagesAsync());
        await node.Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = node.Image } });
        await node.CheckLeftoversAsync();
        return true;
    });

    [Fact]
    public Task Start_AfterATermination_TakesThePodsOver() => node.TryAsync("crispd terminated", "pods run", async () =>
    {
        var pod = await TestPod.RunAsync(node.Cri);
        var runs = await pod.StartScriptAsync("sleep 1000");
        var before = await runs.StatusAsync();

        Assert.Equal(0, await node.Crispd.StopAsync());
        await node.ReviveAsync();

        Assert.Equal(before, await runs.StatusAsync());
        Assert.Equal("works", await runs.ShellAsync("echo works"));
        await EndAsync(pod);
        return true;
    });

    private string RecordOf(TestPod pod) => node.Crispd.PodDirectory(pod.Id) + "/pod.json";

    private string RecordOf(TestContainer container) => $"{node.Crispd.PodDirectory(container.Pod.Id)}/{container.Id}/container.json";

    private async Task<List<string>> ImagesAsync() =>
        [.. (await node.Cri.Images.ListImagesAsync(new ListImagesRequest())).Images.SelectMany(image => image.RepoTags).Order()];

    private async Task StartAsync()
    {
        await node.Crispd.StartAsync();
        node.Cri.Reconnect();
    }

    // The newer one is installed again.
    private async Task ComeBackAsync(string record)
    {
        await node.Crispd.KillAsync();
        OldRecord.SetVersion(record, 1);
        await node.ReviveAsync();
    }

    private async Task EndAsync(TestPod pod)
    {
        await pod.DisposeAsync();
        await node.Bystander.CheckAsync();
        await node.CheckLeftoversAsync();
    }
}
