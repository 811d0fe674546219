using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Cri.Testing.Registry;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>The disks under crispd are full, read-only or broken, its state directory is emptied, the registry dies.</summary>
public sealed class DiskFaultTests(DiskFaultTests.Site site) : IClassFixture<DiskFaultTests.Site>
{
    /// <summary>A crispd whose root directory and whose pods' directory are small file systems of their own.</summary>
    public sealed class Site : FaultSite
    {
        private string _logs = "";

        /// <summary>A directory on a file system of 2 MB, for logs.</summary>
        public string Logs => _logs;

        /// <summary>The directory of all pods.</summary>
        public string Pods => Crispd.State + "/pods";

        /// <inheritdoc/>
        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            await Bystander.Pod.DisposeAsync();
            await Crispd.StopAsync();
            Mount(Crispd.Root, "64m");
            Mount(Pods, "8m");
            _logs = Directory.CreateDirectory(Scratch + "/logs").FullName;
            Mount(_logs, "2m");
            await Crispd.StartAsync();
            Cri.Reconnect();
            await PullAsync(Cri.Busybox);
            await WatchBystanderAsync();
        }

        /// <inheritdoc/>
        public override async Task DisposeAsync()
        {
            await Cri.RemovePodsAsync();
            await Crispd.StopAsync();
            Command.Run("umount", "-l", _logs);
            Command.Run("umount", "-l", Pods);
            Command.Run("umount", "-l", Crispd.Root);
            await Crispd.StartAsync();
            Cri.Reconnect();
            await base.DisposeAsync();
        }

        /// <summary>Pulls an image.</summary>
        public async Task PullAsync(string reference) =>
            await Cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = reference } });

        /// <summary>Fills a file system to the last byte; dispose what is returned to make room again.</summary>
        public static IDisposable Fill(string directory)
        {
            var ballast = Path.Combine(directory, ".ballast");
            Command.Run("sh", "-c", $"head -c 500000000 /dev/zero >{ballast} 2>/dev/null || true");
            return new Undo(() => File.Delete(ballast));
        }

        /// <summary>Makes a file system read-only until what is returned is disposed.</summary>
        public static async Task<IDisposable> FreezeAsync(string directory)
        {
            // The mount alone: its file system has writers that keep it writable, the containers' own layers. And once nobody writes just now.
            await Eventually.GetAsync(
                () => Task.FromResult(TryRemount(directory) ? null : "busy: " + Command.Run("sh", "-c", $"ls -l /proc/[0-9]*/fd 2>/dev/null | grep -e '-> {directory}/' || true")),
                busy => busy is null,
                $"{directory} can be made read-only");
            return new Undo(() => Command.Run("mount", "-o", "remount,bind,rw", directory));
        }

        private static bool TryRemount(string directory)
        {
            try
            {
                Command.Run("mount", "-o", "remount,bind,ro", directory);
                return true;
            }
            catch (InvalidOperationException busy) when (busy.Message.Contains("busy", StringComparison.Ordinal))
            {
                return false;
            }
        }

        private static void Mount(string directory, string size) => Command.Run("mount", "-t", "tmpfs", "-o", $"size={size},mode=755", "crisp-fault", directory);

        private sealed class Undo(Action undo) : IDisposable
        {
            public void Dispose() => undo();
        }
    }

    [Fact]
    public Task Pull_OnAFullDisk_IsExhaustedAndSucceedsOnceThereIsRoom() => site.TryAsync("ENOSPC", "root directory, PullImage", async () =>
    {
        var image = await site.Cri.Registry.PushAsync(new TestImage { Name = "full:latest", Files = [TestFile.Text("big", new string('x', 300_000))] });
        using (Site.Fill(site.Crispd.Root))
        {
            await FaultSite.FailsAsync(() => site.PullAsync(image), "full", StatusCode.ResourceExhausted);
        }

        await site.PullAsync(image);
        await site.Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = image } });
    });

    [Fact]
    public Task RunPod_OnAFullRoot_IsExhaustedAndSucceedsOnceThereIsRoom() => site.TryAsync("ENOSPC", "root directory, RunPodSandbox", async () =>
    {
        var config = TestPod.NewConfig(site.Cri);
        using (Site.Fill(site.Crispd.Root))
        {
            var run = new RunPodSandboxRequest { Config = config };
            await FaultSite.FailsAsync(async () => await site.Cri.Runtime.RunPodSandboxAsync(run), config.Metadata.Name, StatusCode.ResourceExhausted);
        }

        await site.WorksAsync(config);
    });

    [Theory]
    [InlineData("RunPodSandbox")]
    [InlineData("CreateContainer")]
    [InlineData("StartContainer")]
    public Task State_OnAFullDisk_IsExhaustedAndWorksOnceThereIsRoom(string verb) => site.TryAsync("ENOSPC", $"state directory, {verb}", async () =>
    {
        var config = TestPod.NewConfig(site.Cri);
        await using var pod = verb == "RunPodSandbox" ? null : await TestPod.RunAsync(site.Cri);
        var container = verb == "StartContainer" ? await pod!.CreateAsync(["sleep", "1000"]) : null;
        using (Site.Fill(site.Pods))
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => verb switch
            {
                "RunPodSandbox" => site.Cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config }).ResponseAsync,
                "CreateContainer" => pod!.CreateAsync(["true"]),
                _ => container!.StartAsync(),
            });
            Assert.Equal((StatusCode.ResourceExhausted, true), (error.StatusCode, error.Status.Detail.Contains("No space left", StringComparison.Ordinal)));
        }

        await site.WorksAsync(config);
        Assert.Equal("again", pod is null ? "again" : await pod.OutputAsync("echo again"));
    });

    [Fact]
    public Task StopAndRemove_OnFullDisks_Succeed() => site.TryAsync("ENOSPC", "both directories, StopPodSandbox and RemovePodSandbox", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        using (Site.Fill(site.Pods))
        using (Site.Fill(site.Crispd.Root))
        {
            await container.StopAsync(0);
            Assert.Equal(137, (await container.StatusAsync()).ExitCode);
            await pod.StopAsync();
            await pod.RemoveAsync();
        }

        await pod.DisposeAsync();
    });

    [Fact]
    public Task Log_OnAFullDisk_LetsTheContainerGoOnAndSaysWhatIsMissing() => site.TryAsync("ENOSPC", "log of a container", async () =>
    {
        var logs = Directory.CreateDirectory($"{site.Logs}/{Guid.NewGuid():N}").FullName;
        var pod = await TestPod.RunAsync(site.Cri, config => config.LogDirectory = logs);
        var container = await pod.StartScriptAsync("x=$(head -c 6000 /dev/zero | tr '\\0' x); i=0; until test -e /stop; do i=$((i+1)); echo line $i $x; echo $i >/count; sleep 0.2; done; echo the end");
        await container.LoggedAsync("line 3 ");
        using (Site.Fill(site.Logs))
        {
            var count = int.Parse(await container.ShellAsync("cat /count"));
            await Eventually.GetAsync(async () => int.Parse("0" + await container.ShellAsync("cat /count")), now => now > count + 10, "the container goes on");
        }

        await container.LoggedAsync("bytes of log were dropped");
        await container.ShellAsync("touch /stop");
        Assert.Equal(0, (await container.ExitAsync()).ExitCode);
        await container.LoggedAsync("the end");
        await pod.DisposeAsync();
    });

    [Fact]
    public Task Root_ReadOnly_IsToldAndWorksOnceItIsWritable() => site.TryAsync("EROFS", "root directory", async () =>
    {
        var config = TestPod.NewConfig(site.Cri);
        var pod = await TestPod.RunAsync(site.Cri);
        var running = await pod.StartAsync(["sleep", "1000"]);
        var image = await site.Cri.Registry.PushAsync(new TestImage { Name = "frozen:latest", Files = [TestFile.Text("new", "layer")] });
        using (await Site.FreezeAsync(site.Crispd.Root))
        {
            var run = new RunPodSandboxRequest { Config = config };
            await FaultSite.FailsAsync(async () => await site.Cri.Runtime.RunPodSandboxAsync(run), "ead-only file system", StatusCode.FailedPrecondition);
            await FaultSite.FailsAsync(() => pod.CreateAsync(["true"]), "ead-only file system", StatusCode.FailedPrecondition);
            await FaultSite.FailsAsync(() => site.PullAsync(image), "ead-only file system", StatusCode.FailedPrecondition, StatusCode.Unavailable, StatusCode.Internal);
            Assert.Equal("here", await running.ShellAsync("echo here"));
            await running.StopAsync(0);
        }

        await pod.DisposeAsync();
        await site.WorksAsync(config);
    });

    [Fact]
    public Task State_DeletedUnderAPod_LetsItBeStoppedAndRemoved() => site.TryAsync("state deleted", "files of a running pod", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        foreach (var file in Directory.EnumerateFiles($"{site.Pods}/{pod.Id}", "*", new EnumerationOptions { MaxRecursionDepth = 1, RecurseSubdirectories = true })
            .Where(file => !file.Contains("/ns/", StringComparison.Ordinal)))
        {
            File.Delete(file);
        }

        Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
        await FaultSite.FailsAsync(() => container.ExecAsync(["true"]), "config.json is gone", StatusCode.FailedPrecondition);
        await container.StopAsync(0);
        Assert.Equal(137, (await container.StatusAsync()).ExitCode);
        await pod.StopAsync();
        await pod.RemoveAsync();
        await pod.DisposeAsync();
        await site.WorksAsync(pod.Config);
    });

    [Fact]
    public Task Exit_ThatCannotBeReadFromItsFile_IsTakenFromTheShim() => site.TryAsync("EISDIR", "exit record of a container", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartScriptAsync("trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done");
        await container.LoggedAsync("ready");
        Directory.CreateDirectory($"{site.Pods}/{pod.Id}/{container.Id}/exit.json/in-the-way");

        await container.StopAsync(600);

        var status = await container.StatusAsync();
        Assert.Equal((ContainerState.ContainerExited, 7, "Error"), (status.State, status.ExitCode, status.Reason));
        await pod.DisposeAsync();
        await site.WorksAsync(pod.Config);
    });

    [Fact]
    public Task Registry_KilledInMidPull_IsUnavailableAndNamed() => site.TryAsync("registry killed", "in the midst of PullImage", async () =>
    {
        await using var registry = await SlowRegistry.StartAsync();
        var host = registry.Host;
        var pull = site.PullAsync($"{host}/any:latest");
        await registry.InTheMidst;
        registry.Die();

        await FaultSite.FailsAsync(() => pull, host, StatusCode.Unavailable);
        Assert.DoesNotContain((await site.Cri.Images.ListImagesAsync(new ListImagesRequest())).Images, image => image.RepoTags.Any(tag => tag.StartsWith(host, StringComparison.Ordinal)));
    });
}
