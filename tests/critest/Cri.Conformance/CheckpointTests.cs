using System.Formats.Tar;
using System.Text.Json.Nodes;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>Checkpoints of running containers.</summary>
public sealed class CheckpointTests : ConformanceTest, IDisposable
{
    private const string Counter = "echo changed > /tmp/new; rm /bin/uniq; i=0; while true; do i=$((i+1)); echo count $i; sleep 0.1; done";
    private readonly TemporaryDirectory _directory = new("checkpoint");

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    [CriuFact]
    public async Task CheckpointContainer_Running_WritesTheArchiveAndLeavesItRunning()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sh", "-c", Counter]);
        await container.LoggedAsync("count 3");
        var location = Path.Combine(_directory.Path, "checkpoint.tar");

        await CheckpointAsync(container.Id, location);

        Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
        var last = container.Log.Count;
        await container.LoggedAsync($"count {last + 5}");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(location));
        var archive = await ReadAsync(location);
        string[] expected = ["checkpoint/pstree.img", "checkpoint/inventory.img", "config.dump", "spec.dump", "status.dump", "rootfs-diff.tar", "deleted.files", "dump.log", "stats-dump", "container.log"];
        Assert.Empty(expected.Except(archive.Keys));
        Assert.Equal(container.Id, (string)JsonNode.Parse(archive["config.dump"])!["id"]!);
        Assert.Equal((int)ContainerState.ContainerRunning, (int)JsonNode.Parse(archive["status.dump"])!["state"]!);
        Assert.Contains("/bin/uniq", JsonNode.Parse(archive["deleted.files"])!.AsArray().Select(node => (string)node!));
        using var diff = new MemoryStream(archive["rootfs-diff.tar"]);
        var changed = await ReadAsync(diff);
        Assert.Equal("changed\n"u8.ToArray(), changed["tmp/new"]);
        Assert.Contains("bin/.wh.uniq", changed.Keys);
        Assert.Equal([location], Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [CriuFact]
    public async Task CheckpointContainer_ThatCriuCannotDump_LeavesItRunningAndNoFile()
    {
        // An established connection is not dumped: its other end would wait for an answer that nobody sends.
        var pod = await RunPodAsync();
        const string Connected = "sleep 1000 | nc -l -p 5555 & (sleep 1; sleep 1000 | nc 127.0.0.1 5555) & while true; do echo alive; sleep 0.1; done";
        var container = await pod.StartAsync(["sh", "-c", Connected]);
        await Eventually.GetAsync(
            () => container.ShellAsync("cat /proc/net/tcp"), sockets => sockets.Contains(" 01 ", StringComparison.Ordinal), "a connection is made");
        var location = Path.Combine(_directory.Path, "checkpoint.tar");

        var error = await Assert.ThrowsAsync<RpcException>(() => CheckpointAsync(container.Id, location));

        Assert.Contains("CRIU", error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
        var last = container.Log.Count;
        await Eventually.GetAsync(() => Task.FromResult(container.Log.Count), count => count > last + 5, "it writes on");
    }

    [CriuFact]
    public async Task CheckpointContainer_BadRequests_AreRefused()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"]);
        await FailsAsync(StatusCode.InvalidArgument, "location", () => CheckpointAsync(container.Id, "relative.tar"));
        await FailsAsync(StatusCode.InvalidArgument, "location", () => CheckpointAsync(container.Id, _directory.Path));
        await FailsAsync(StatusCode.InvalidArgument, "location", () => CheckpointAsync(container.Id, "/no/such/directory/x.tar"));
        await FailsAsync(StatusCode.NotFound, "unknown", () => CheckpointAsync("unknown", Path.Combine(_directory.Path, "x.tar")));
        await container.StopAsync(0);
        await FailsAsync(StatusCode.FailedPrecondition, "CONTAINER_EXITED", () => CheckpointAsync(container.Id, Path.Combine(_directory.Path, "x.tar")));
    }

    [CriuFact]
    public async Task CreateContainer_FromACheckpoint_GoesOnWhereItWas()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sh", "-c", Counter]);
        await container.LoggedAsync("count 20");
        var location = Path.Combine(_directory.Path, "checkpoint.tar");
        await CheckpointAsync(container.Id, location);
        await container.StopAsync(0);

        var next = await RunPodAsync();
        var restored = await next.StartAsync(["unused"], config => config.Image.Image = location);

        var status = await restored.StatusAsync();
        Assert.Equal(ContainerState.ContainerRunning, status.State);
        Assert.Equal(Cri.Busybox, status.Image.Image);
        Assert.Equal("true", status.Annotations["restored"]);
        Assert.Equal("changed", await restored.ShellAsync("cat /tmp/new; ls /bin/uniq 2>/dev/null"));
        var last = restored.Log.Count;
        await Eventually.GetAsync(() => Task.FromResult(restored.Log.Count), count => count > last + 5, "it counts on");
        var counts = restored.Log.Select(line => int.Parse(line.Text["count ".Length..], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(1, counts.Count), counts);
        await restored.StopAsync(0);
        Assert.Equal(137, (await restored.StatusAsync()).ExitCode);
    }

    [CriuFact]
    public async Task CreateContainer_FromAnImageThatHoldsACheckpoint_GoesOnWhereItWas()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sh", "-c", Counter]);
        await container.LoggedAsync("count 5");
        var location = Path.Combine(_directory.Path, "checkpoint.tar");
        await CheckpointAsync(container.Id, location);
        await container.StopAsync(0);
        var image = await Cri.PullAsync(new TestImage { Name = "checkpoint:latest", OnlyLayer = await File.ReadAllBytesAsync(location) });

        var next = await RunPodAsync();
        var restored = await next.StartAsync(["unused"], config => config.Image.Image = image);

        var status = await restored.StatusAsync();
        Assert.Equal((Cri.Busybox, image), (status.Image.Image, status.Annotations["checkpointImage"]));
        Assert.Equal("changed", await restored.ShellAsync("cat /tmp/new; ls /bin/uniq 2>/dev/null"));
        var last = restored.Log.Count;
        await Eventually.GetAsync(() => Task.FromResult(restored.Log.Count), count => count > last + 5, "it counts on");
        var counts = restored.Log.Select(line => line.Text).ToList();
        Assert.Equal(Enumerable.Range(1, counts.Count).Select(i => $"count {i}"), counts);
    }

    [CriuFact]
    public async Task CheckpointContainer_NotFinishedInTime_IsThrownAwayAndTheContainerRunsOn()
    {
        // CRIU as it is, but slow to begin.
        var go = Path.Combine(_directory.Path, "go");
        var programs = Directory.CreateDirectory(Path.Combine(_directory.Path, "bin")).FullName;
        var criu = Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(path => Path.Combine(path, "criu")).First(File.Exists);
        var slow = Path.Combine(programs, "criu");
        await File.WriteAllTextAsync(slow, $"#!/bin/sh\nif test \"$1\" = swrk; then until test -e {go}; do sleep 0.1; done; fi\nexec {criu} \"$@\"\n");
        File.SetUnixFileMode(slow, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var own = await CriEndpoint.StartAsync(NodeSettings.FromEnvironment with { Programs = programs });
        await using var pod = await TestPod.RunAsync(own);
        var container = await pod.StartAsync(["sh", "-c", Counter]);
        await container.LoggedAsync("count 3");
        var target = Directory.CreateDirectory(Path.Combine(_directory.Path, "target")).FullName;
        var request = new CheckpointContainerRequest { ContainerId = container.Id, Location = Path.Combine(target, "x.tar"), Timeout = 1 };

        await FailsAsync(StatusCode.DeadlineExceeded, "within 1 s", async () => await own.Runtime.CheckpointContainerAsync(request));
        await File.WriteAllTextAsync(go, "");

        var last = container.Log.Count;
        await container.LoggedAsync($"count {last + 5}");
        await container.StopAsync(0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(target));
    }

    [CrispdFact]
    public async Task CreateContainer_FromACheckpointWhereThatIsDisabled_IsAFailedPrecondition()
    {
        await using var own = await CriEndpoint.StartAsync(NodeSettings.FromEnvironment with { CheckpointRestore = false });
        await using var pod = await TestPod.RunAsync(own);
        var file = _directory.File("x.tar", "never read");

        await FailsAsync(StatusCode.FailedPrecondition, "checkpointRestore", () => pod.CreateAsync(["unused"], config => config.Image.Image = file));

        Assert.Empty((await own.Runtime.ListContainersAsync(new ListContainersRequest())).Containers);
    }

    [CriuFact]
    public async Task CreateContainer_FromAFileThatIsNoCheckpoint_IsAnInvalidArgument()
    {
        var pod = await RunPodAsync();
        var file = _directory.File("x.tar", "no archive");
        await FailsAsync(StatusCode.InvalidArgument, file, () => pod.CreateAsync(["unused"], config => config.Image.Image = file));
    }

    [CriuFact(works: false)]
    public async Task CheckpointContainer_WithoutAUsableCriu_IsAFailedPrecondition()
    {
        var pod = await RunPodAsync();
        var container = await pod.StartAsync(["sleep", "1000"]);
        await FailsAsync(StatusCode.FailedPrecondition, "CRIU", () => CheckpointAsync(container.Id, Path.Combine(_directory.Path, "x.tar")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    private async Task CheckpointAsync(string id, string location) =>
        await Cri.Runtime.CheckpointContainerAsync(new CheckpointContainerRequest { ContainerId = id, Location = location });

    private static async Task<Dictionary<string, byte[]>> ReadAsync(string file)
    {
        await using var stream = File.OpenRead(file);
        return await ReadAsync(stream);
    }

    private static async Task<Dictionary<string, byte[]>> ReadAsync(Stream stream)
    {
        var content = new Dictionary<string, byte[]>();
        await using var tar = new TarReader(stream);
        while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
        {
            using var bytes = new MemoryStream();
            if (entry.DataStream is { } data)
            {
                await data.CopyToAsync(bytes);
            }

            content[entry.Name.TrimEnd('/')] = bytes.ToArray();
        }

        return content;
    }
}
