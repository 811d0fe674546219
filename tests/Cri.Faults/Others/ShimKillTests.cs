using System.Text.Json;
using Cri.Api.V1;
using Cri.Linux;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>The shim of a pod is killed.</summary>
public sealed class ShimKillTests(ShimKillTests.Site site) : IClassFixture<ShimKillTests.Site>
{
    private const string Fault = "shim killed";

    /// <summary>An OCI runtime that can be made to wait.</summary>
    public sealed class Site : FaultSite
    {
        /// <summary>The runtime.</summary>
        public FaultyProgram Runtime { get; private set; } = null!;

        /// <inheritdoc/>
        protected override NodeSettings Settings => NodeSettings.FromEnvironment with
        {
            Runtime = null,
            Configuration = $"runtimes: {{ default: faulty, handlers: {{ faulty: {{ path: {Runtime.Path} }} }} }}\n",
        };

        /// <inheritdoc/>
        public override Task InitializeAsync()
        {
            Runtime = new FaultyProgram(Scratch, "faulty", "/usr/sbin/runc");
            Runtime.Install();
            return base.InitializeAsync();
        }
    }

    [Theory]
    [InlineData(NamespaceMode.Container)]
    [InlineData(NamespaceMode.Pod)]
    public Task Shim_KilledWhileIdle_IsToldAndWhatItRanEnds(NamespaceMode pids) => site.TryAsync(Fault, $"idle, PID namespace of the {pids}", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = pids);
        var container = await pod.StartScriptAsync("sleep 1000 & sleep 1000", config => config.Linux.SecurityContext.NamespaceOptions.Pid = pids);
        var (shim, process) = (await pod.ShimPidAsync(), await container.PidAsync());

        Signals.Send(shim, Signals.SigKill);

        var status = await container.ExitAsync();
        Assert.Equal((255, "Unknown"), (status.ExitCode, status.Reason));
        Assert.Contains($"the shim (pid {shim})", status.Message, StringComparison.Ordinal);
        Assert.True(status.FinishedAt >= status.StartedAt);
        Assert.False(FaultSite.Runs(process), "a container that counts as exited still runs");
        Assert.Empty(CgroupTree.Named(container.Id));
        await IsNotReadyAsync(pod, $"its shim (pid {shim}) ended unexpectedly");
        await FaultSite.FailsAsync(() => pod.CreateAsync(["true"]), $"its shim (pid {shim}) ended unexpectedly", StatusCode.FailedPrecondition);
        await FaultSite.FailsAsync(() => container.ExecAsync(["true"]), container.Id, StatusCode.FailedPrecondition);
        await container.RemoveAsync();
        await pod.DisposeAsync();
        await site.WorksAsync(pod.Config);
    });

    [Fact]
    public Task Shim_KilledAndItsContainerRemovedBeforeThePodIsStopped_LeavesNoProcess() => site.TryAsync(Fault, "before RemoveContainer", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var process = await container.PidAsync();

        Signals.Send(await pod.ShimPidAsync(), Signals.SigKill);
        await container.RemoveAsync();

        Assert.False(FaultSite.Runs(process), "the process of a removed container runs");
        await pod.RemoveAsync();
        await pod.DisposeAsync();
    });

    [Fact]
    public Task Shim_KilledInMidRun_FailsTheStartAndLeavesNothing() => site.TryAsync(Fault, "in the midst of the runtime's run", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.CreateAsync(["sleep", "1000"]);
        var shim = await pod.ShimPidAsync();
        site.Runtime.At("run", "touch \"$d/reached\"; sleep 60");
        var start = container.StartAsync();
        await ReachedAsync();
        Signals.Send(shim, Signals.SigKill);
        site.Runtime.Heal();

        var error = await FaultSite.FailsAsync(() => start, "ended unexpectedly", StatusCode.Unavailable);
        Assert.Contains(container.Id, error.Status.Detail, StringComparison.Ordinal);
        var status = await container.StatusAsync();
        Assert.Equal((ContainerState.ContainerExited, 128, "StartError"), (status.State, status.ExitCode, status.Reason));
        await pod.DisposeAsync();
        await site.WorksAsync(pod.Config);
    });

    [Fact]
    public Task Shim_KilledInMidExec_FailsTheExec() => site.TryAsync(Fault, "in the midst of an exec", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var exec = container.ExecAsync(["sh", "-c", "touch /reached; sleep 1000"]);
        await Eventually.GetAsync(() => container.ShellAsync("ls /"), files => files.Contains("reached", StringComparison.Ordinal), "the exec runs");

        Signals.Send(await pod.ShimPidAsync(), Signals.SigKill);

        await FaultSite.FailsAsync(() => exec, container.Id, StatusCode.Unavailable);
        await container.ExitAsync();
        await pod.DisposeAsync();
    });

    [Fact]
    public Task Shim_KilledInMidStop_IsStoppedAllTheSame() => site.TryAsync(Fault, "in the midst of StopPodSandbox", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var shim = await pod.ShimPidAsync();
        site.Runtime.At("delete", "touch \"$d/reached\"; sleep 2");
        var stop = pod.StopAsync();
        await ReachedAsync();
        Signals.Send(shim, Signals.SigKill);
        site.Runtime.Heal();

        await stop;
        Assert.Equal(PodSandboxState.SandboxNotready, (await pod.StatusAsync()).State);
        Assert.Empty(CgroupTree.Named(container.Id));
        await pod.DisposeAsync();
    });

    [Fact]
    public Task Shim_KilledWhileCrispdIsDown_IsToldByTheNextCrispd() => site.TryAsync(Fault, "while crispd is down", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var (shim, process) = (await pod.ShimPidAsync(), await container.PidAsync());

        await site.Crispd.KillAsync();
        Signals.Send(shim, Signals.SigKill);
        await site.Crispd.StartAsync();
        site.Cri.Reconnect();

        Assert.Equal((255, "Unknown"), await container.ExitAsync() is var status ? (status.ExitCode, status.Reason) : default);
        Assert.False(FaultSite.Runs(process), "a container that counts as exited still runs");
        await IsNotReadyAsync(pod, "ended unexpectedly");
        await pod.DisposeAsync();
    });

    [Fact]
    public Task PodInit_Killed_MakesThePodNotReady() => site.TryAsync("pod's init killed", "idle", async () =>
    {
        var pod = await TestPod.RunAsync(site.Cri, config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod);
        var init = await InfoAsync(pod, "initPid");

        Signals.Send(init.GetInt32(), Signals.SigKill);

        Assert.Equal(137, (await container.ExitAsync()).ExitCode);
        await IsNotReadyAsync(pod, $"the init (pid {init}) of its PID namespace ended with exit code 137");
        await FaultSite.FailsAsync(() => pod.CreateAsync(["true"]), "PID namespace", StatusCode.FailedPrecondition);
        await pod.DisposeAsync();
        await site.WorksAsync(pod.Config);
    });

    [Fact]
    public Task Init_Killed_IsAnExitOf137() => site.TryAsync("container's init killed", "idle", async () =>
    {
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartScriptAsync("sleep 1000 & sleep 1000");

        Signals.Send(await container.PidAsync(), Signals.SigKill);

        var status = await container.ExitAsync();
        Assert.Equal((137, "Error"), (status.ExitCode, status.Reason));
        Assert.Equal(PodSandboxState.SandboxReady, (await pod.StatusAsync()).State);
        await container.RemoveAsync();
        Assert.Equal("again", await pod.OutputAsync("echo again"));
    });

    [Fact]
    public Task Exec_KilledFromOutside_IsAnExitOf137() => site.TryAsync("exec'd process killed", "in the midst of ExecSync", async () =>
    {
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        var mark = $"{Random.Shared.Next(1_000_000, 9_999_999)}";
        var exec = container.ExecAsync(["sleep", mark]);
        var found = await Eventually.GetAsync(() => Task.FromResult(FaultSite.Processes("sleep", mark)), pids => pids.Count > 0, "the exec runs");

        Signals.Send(found[0], Signals.SigKill);

        Assert.Equal(137, (await exec).ExitCode);
        Assert.Equal("again", await container.ShellAsync("echo again"));
    });

    private async Task ReachedAsync()
    {
        var reached = Path.Combine(Path.GetDirectoryName(site.Runtime.Path)!, "reached");
        await Eventually.HoldsAsync(() => File.Exists(reached), "the runtime is in the midst of it");
        File.Delete(reached);
    }

    private static async Task IsNotReadyAsync(TestPod pod, string reason)
    {
        await Eventually.GetAsync(pod.StatusAsync, status => status.State == PodSandboxState.SandboxNotready, "the pod is not ready");
        Assert.Contains(reason, (await InfoAsync(pod, "failure")).GetString(), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> InfoAsync(TestPod pod, string key)
    {
        var request = new PodSandboxStatusRequest { PodSandboxId = pod.Id, Verbose = true };
        using var info = JsonDocument.Parse((await pod.Endpoint.Runtime.PodSandboxStatusAsync(request)).Info["info"]);
        return info.RootElement.GetProperty(key).Clone();
    }
}
