using System.Text.Json;
using Cri.Api.V1;
using Cri.Linux;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Cri.Ttrpc;
using Cri.Ttrpc.RuncOptions;
using Cri.Ttrpc.TaskApi.V3;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>crispd is killed while pods run; each test has a crispd of its own.</summary>
[Trait("Depends", "cgroup")]
public sealed class RestartTests : IAsyncLifetime
{
    private CriEndpoint _cri = null!;

    public async Task InitializeAsync()
    {
        if (!SkipsRestart)
        {
            _cri = await CriEndpoint.StartAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (!SkipsRestart)
        {
            await _cri.DisposeAsync();
        }
    }

    private static bool SkipsRestart => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CRI_ENDPOINT"));

    private CrispdFixture Crispd => _cri.Crispd!;

    [CrispdFact]
    public async Task Crispd_KilledAndStarted_ListsEverythingAsBefore()
    {
        var pod = await TestPod.RunAsync(_cri, config => config.Annotations["kept"] = "yes");
        await pod.StartAsync(["sleep", "1000"]);
        await pod.CreateAsync(["true"]);
        await (await pod.StartScriptAsync("exit 4")).ExitAsync();
        var stopped = await TestPod.RunAsync(_cri);
        await stopped.StopAsync();
        var before = await ViewAsync();

        await RestartAsync();

        Assert.Equal(before, await ViewAsync());
        await pod.DisposeAsync();
        await stopped.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task UpdatedLimits_AfterARestart_AreStillShown()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        await _cri.Runtime.UpdateContainerResourcesAsync(new UpdateContainerResourcesRequest
        {
            ContainerId = container.Id,
            Linux = new LinuxContainerResources { MemoryLimitInBytes = 64 << 20 },
        });
        await _cri.Runtime.UpdatePodSandboxResourcesAsync(new UpdatePodSandboxResourcesRequest
        {
            PodSandboxId = pod.Id,
            Overhead = new LinuxContainerResources { CpuShares = 77 },
        });

        await RestartAsync();

        Assert.Equal(64 << 20, (await container.StatusAsync()).Resources.Linux.MemoryLimitInBytes);
        var answer = await _cri.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = pod.Id, Verbose = true });
        using var info = JsonDocument.Parse(answer.Info["info"]);
        Assert.Equal("77", info.RootElement.GetProperty("overhead").GetProperty("cpuShares").GetString());
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task UserNamespacePod_OverARestartAndTheDeathOfItsShim_LeavesNothing()
    {
        var range = new IDMapping { HostId = 5_000_000, Length = 65536 };
        var pod = await TestPod.RunAsync(_cri, config => config.Linux.SecurityContext.NamespaceOptions.UsernsOptions =
            new UserNamespace { Mode = NamespaceMode.Pod, Uids = { range }, Gids = { range } });
        void Volume(ContainerConfig config) => config.Mounts.Add(
            new Api.V1.Mount { ContainerPath = "/vol", Image = new ImageSpec { Image = _cri.Busybox }, Readonly = true });
        await pod.StartAsync(["sleep", "1000"], Volume);

        await RestartAsync();

        Assert.Equal("0", await pod.OutputAsync("stat -c %u /vol/bin/busybox", Volume));
        Signals.Send(await pod.ShimPidAsync(), Signals.SigKill);
        await Eventually.GetAsync(pod.StatusAsync, status => status.State == PodSandboxState.SandboxNotready, "the pod is not ready");
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task Container_ThatExitsWhileCrispdIsDown_IsReportedWithItsCodeAndTime()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartScriptAsync("until test -e /go; do sleep 0.05; done; echo leaving; exit 21");
        var go = $"/proc/{await container.PidAsync()}/root/go";

        await Crispd.KillAsync();
        var down = Now();
        await File.WriteAllTextAsync(go, "");
        await container.LoggedAsync("leaving");
        await Eventually.HoldsAsync(() => !Directory.Exists(Path.GetDirectoryName(Path.GetDirectoryName(go))), "the process is gone");
        await StartAgainAsync();

        var status = await container.ExitAsync();
        Assert.Equal((21, "Error"), (status.ExitCode, status.Reason));
        Assert.InRange(status.FinishedAt, down, Now());
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task Events_OfWhatStoppedWhileCrispdIsDown_AreToldOnceByTheNext()
    {
        var pod = await TestPod.RunAsync(_cri);
        var before = await pod.StartScriptAsync("exit 1");
        await before.ExitAsync();
        var container = await pod.StartScriptAsync("until test -e /go; do sleep 0.05; done; echo leaving; exit 21");
        var go = $"/proc/{await container.PidAsync()}/root/go";
        await Crispd.KillAsync();
        await File.WriteAllTextAsync(go, "");
        await container.LoggedAsync("leaving");
        await Eventually.HoldsAsync(() => !Directory.Exists(Path.GetDirectoryName(Path.GetDirectoryName(go))), "the process is gone");

        await StartAgainAsync();

        await using (var reader = new EventReader(_cri))
        {
            var stopped = await reader.UntilAsync(pod, container.Id, ContainerEventType.ContainerStoppedEvent);
            Assert.Equal(21, stopped.ContainersStatuses.Single(status => status.Id == container.Id).ExitCode);
            Assert.Single(reader.Of(pod));
        }

        await RestartAsync();
        await using (var reader = new EventReader(_cri))
        {
            await pod.DisposeAsync();
            await reader.UntilAsync(pod, pod.Id, ContainerEventType.ContainerDeletedEvent);
            Assert.Equal(ContainerEventType.ContainerStoppedEvent, reader.Of(pod)[0].ContainerEventType);
            Assert.Equal(pod.Id, reader.Of(pod)[0].ContainerId);
        }

        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task Container_ThatLogsWhileCrispdIsDown_HasNoGapInItsLog()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartScriptAsync("i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done");
        await container.LoggedAsync("10");

        await Crispd.KillAsync();
        var atKill = container.Log.Count;
        await Eventually.HoldsAsync(() => container.Log.Count > atKill + 10, "lines appear while crispd is down");
        await StartAgainAsync();
        var atStart = container.Log.Count;
        await Eventually.HoldsAsync(() => container.Log.Count > atStart + 10, "lines appear after the start");
        await container.StopAsync(0);

        var numbers = container.Log.Select(line => int.Parse(line.Text)).ToList();
        Assert.Equal(Enumerable.Range(0, numbers.Count), numbers);
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task StopPodSandbox_WhoseShimWasKilled_EndsItsContainers()
    {
        var pod = await TestPod.RunAsync(_cri, config =>
            config.Linux.SecurityContext = new LinuxSandboxSecurityContext { NamespaceOptions = new NamespaceOption { Pid = NamespaceMode.Pod } });
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Linux = new LinuxContainerConfig());

        Signals.Send(await pod.ShimPidAsync(), Signals.SigKill);
        await Eventually.GetAsync(container.StatusAsync, now => now.State == ContainerState.ContainerExited, "the container counts as exited");
        await Eventually.GetAsync(pod.StatusAsync, status => status.State == PodSandboxState.SandboxNotready, "the pod is not ready");
        Assert.Equal("Unknown", (await container.StatusAsync()).Reason);
        await pod.StopAsync();

        Assert.Empty(CgroupTree.Named(pod.Id));
        Assert.Empty(CgroupTree.Named(container.Id));
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task Pod_AfterARestart_WorksAsBefore()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var address = (await pod.StatusAsync()).Network.Ip;

        await RestartAsync();

        Assert.Equal(address, (await pod.StatusAsync()).Network.Ip);
        Assert.Equal("still here", await container.ShellAsync("echo still here"));
        Assert.True((await container.StatsAsync()).Memory.WorkingSetBytes.Value > 0);
        Assert.Equal("new one", await pod.OutputAsync("echo new one"));
        await container.StopAsync(0);
        Assert.Equal(137, (await container.StatusAsync()).ExitCode);
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task Container_WhoseRestoreACrashCutOff_CanBeStartedAgain()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.CreateAsync(["sleep", "1000"]);
        var directory = Crispd.PodDirectory(pod.Id);
        await using (var shim = await TtrpcClient.ConnectAsync(directory + "/shim.sock"))
        {
            // As far as crispd comes with a checkpoint before it asks for the start, when the shim makes the process.
            await new TaskClient(shim).CreateAsync(new CreateTaskRequest
            {
                Id = container.Id,
                Bundle = $"{directory}/{container.Id}",
                Checkpoint = "/no/such/images",
                Options = TypeUrl.Pack(TypeUrl.RuncOptions, new Options { BinaryName = NodeSettings.FromEnvironment.Runtime ?? "runc" }),
            });
        }

        await RestartAsync();

        Assert.Equal(ContainerState.ContainerCreated, (await container.StatusAsync()).State);
        await container.StartAsync();
        Assert.Equal("runs", await container.ShellAsync("echo runs"));
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task Crispd_KilledInTheMiddleOfPodStarts_LeavesNothingAfterRemoval()
    {
        var configs = Enumerable.Range(0, 4).Select(_ => TestPod.NewConfig(_cri)).ToList();
        var runs = configs.Select(config => _cri.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config }).ResponseAsync).ToList();
        await Task.WhenAny(runs);

        await RestartAsync();
        await Task.WhenAll(runs.Select(run => run.ContinueWith(_ => { }, TaskScheduler.Default)));
        await _cri.RemovePodsAsync();

        await LeavesNothingAsync();
    }

    [CrispdFact]
    public async Task Crispd_Terminated_ExitsWith0AndLeavesItsPodsRunning()
    {
        var pod = await TestPod.RunAsync(_cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var pid = await container.PidAsync();

        Assert.Equal(0, await Crispd.StopAsync());

        Assert.True(Directory.Exists($"/proc/{pid}"));
        await StartAgainAsync();
        Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
        await pod.DisposeAsync();
        await LeavesNothingAsync();
    }

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;

    private async Task RestartAsync()
    {
        await Crispd.KillAsync();
        await StartAgainAsync();
    }

    private async Task StartAgainAsync()
    {
        await Crispd.StartAsync();
        _cri.Reconnect();
        try
        {
            await Eventually.GetAsync(AnswersAsync, answers => answers, "crispd answers on a new connection");
        }
        catch (TimeoutException silent)
        {
            throw new InvalidOperationException($"{silent.Message}; it {(Crispd.IsRunning ? "runs" : "has ended")}\n{Crispd.Log}", silent);
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await _cri.Runtime.VersionAsync(new VersionRequest());
            return true;
        }
        catch (RpcException gone) when (gone.StatusCode == StatusCode.Unavailable)
        {
            return false;
        }
    }

    private async Task<string> ViewAsync()
    {
        var pods = await _cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest());
        var containers = await _cri.Runtime.ListContainersAsync(new ListContainersRequest());
        var images = await _cri.Images.ListImagesAsync(new ListImagesRequest());
        var statuses = new List<string>();
        foreach (var container in containers.Containers)
        {
            statuses.Add((await _cri.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = container.Id })).Status.ToString());
        }

        foreach (var pod in pods.Items)
        {
            statuses.Add((await _cri.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = pod.Id })).Status.ToString());
        }

        return string.Join('\n', pods.Items.Select(pod => pod.ToString()).Concat(containers.Containers.Select(container => container.ToString()))
            .Concat(images.Images.Select(image => image.ToString())).Concat(statuses).Order(StringComparer.Ordinal));
    }

    private Task LeavesNothingAsync() => _cri.Leaks.AssertNothingAsync();
}
