using Cri.Api.V1;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>The OCI runtime is killed, fails, hangs, prints too much, is late, or says it did what it did not do.</summary>
public sealed class RuntimeFaultTests(RuntimeFaultTests.Site site) : IClassFixture<RuntimeFaultTests.Site>
{
    private const string Fault = "OCI runtime";
    private const string Fails = "echo '{\"level\":\"error\",\"msg\":\"injected failure\"}' >\"$log\"; exit 1";
    private const string Hangs = "sleep 1000";
    private const string PrintsGarbage = "head -c 5000 /dev/urandom >\"$log\"; head -c 5000 /dev/urandom >&2; exit 1";
    private const string Prints100Mb = "head -c 100000000 /dev/zero | tr '\\0' x >\"$log\"; exit 1";
    private const string DoesNothing = "exit 0";
    private const string IsKilled = "kill -9 $$";
    private const string IsKilledHalfWay = "\"$real\" \"$@\" & sleep 0.0$(($$ % 10)); kill -9 $!; kill -9 $$";
    private const string IsKilledWhenDone = "\"$real\" \"$@\"; kill -9 $$";

    /// <summary>An OCI runtime that can be made to misbehave, and little patience for it.</summary>
    public sealed class Site : FaultSite
    {
        /// <summary>The runtime.</summary>
        public FaultyProgram Runtime { get; private set; } = null!;

        /// <inheritdoc/>
        protected override NodeSettings Settings => NodeSettings.FromEnvironment with
        {
            Runtime = null,
            Configuration = $"runtimes: {{ default: faulty, execs: runtime, timeoutSeconds: 20, handlers: {{ faulty: {{ path: {Runtime.Path} }} }} }}\n",
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
    [InlineData("fails", Fails, "injected failure", StatusCode.Unknown)]
    [InlineData("hangs", Hangs, "did not end within 20 s", StatusCode.DeadlineExceeded)]
    [InlineData("prints garbage", PrintsGarbage, "run of", StatusCode.Unknown)]
    [InlineData("prints 100 MB", Prints100Mb, "run of", StatusCode.Unknown)]
    [InlineData("exits with 0 and does nothing", DoesNothing, "left no pid", StatusCode.Unknown)]
    [InlineData("is killed", IsKilled, "killed by signal 9", StatusCode.Aborted)]
    [InlineData("is killed half-way", IsKilledHalfWay, "killed by signal 9", StatusCode.Aborted)]
    [InlineData("is killed when it was done", IsKilledWhenDone, "killed by signal 9", StatusCode.Aborted)]
    public Task Start_OfARuntimeThatMisbehaves_FailsInItsWordsAndLeavesNothing(string how, string text, string words, StatusCode code) =>
        site.TryAsync(Fault, $"run {how}", async () =>
        {
            await using var pod = await TestPod.RunAsync(site.Cri);
            var container = await pod.CreateAsync(["sleep", "1000"]);
            site.Runtime.At("run", text);
            try
            {
                var error = await FaultSite.FailsAsync(container.StartAsync, words, code);
                Assert.Contains(container.Id, error.Status.Detail, StringComparison.Ordinal);
                Assert.True(error.Status.Detail.Length < 10_000);
            }
            finally
            {
                site.Runtime.Heal();
            }

            var status = await container.StatusAsync();
            Assert.Equal((ContainerState.ContainerExited, "StartError"), (status.State, status.Reason));
            Assert.Contains(words, status.Message, StringComparison.Ordinal);
            Assert.Empty(CgroupTree.Named(container.Id));
            await container.RemoveAsync();
            Assert.Equal("again", await pod.OutputAsync("echo again", config => config.Metadata = container.Config.Metadata.Clone()));
        });

    [Theory]
    [InlineData("fails", Fails, "injected failure", StatusCode.Unknown)]
    [InlineData("hangs", Hangs, "did not end within 20 s", StatusCode.DeadlineExceeded)]
    [InlineData("prints garbage", PrintsGarbage, "exec of", StatusCode.Unknown)]
    [InlineData("exits with 0 and does nothing", DoesNothing, "left no pid", StatusCode.Unknown)]
    [InlineData("is killed half-way", IsKilledHalfWay, "killed by signal 9", StatusCode.Aborted)]
    [InlineData("is killed when it was done", IsKilledWhenDone, "killed by signal 9", StatusCode.Aborted)]
    public Task Exec_OfARuntimeThatMisbehaves_FailsInItsWordsAndLeavesNothing(string how, string text, string words, StatusCode code) =>
        site.TryAsync(Fault, $"exec {how}", async () =>
        {
            await using var pod = await TestPod.RunAsync(site.Cri);
            var container = await pod.StartAsync(["sleep", "1000"]);
            var mark = $"{Random.Shared.Next(1_000_000, 9_999_999)}";
            site.Runtime.At("exec", text);
            try
            {
                await FaultSite.FailsAsync(() => container.ExecAsync(["sleep", mark], 50), words, code);
            }
            finally
            {
                site.Runtime.Heal();
            }

            await Eventually.HoldsAsync(() => FaultSite.Processes("sleep", mark).Count == 0, "the command that nobody waits for is gone");
            Assert.Equal("again", await container.ShellAsync("echo again"));
            Assert.Equal(ContainerState.ContainerRunning, (await container.StatusAsync()).State);
        });

    [Theory]
    [InlineData("fails", Fails)]
    [InlineData("is killed", IsKilled)]
    [InlineData("exits with 0 and does nothing", DoesNothing)]
    public Task Delete_OfARuntimeThatMisbehaves_IsMadeUpForOnceItWorks(string how, string text) => site.TryAsync(Fault, $"delete {how}", async () =>
    {
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"]);
        site.Runtime.At("delete", text);
        try
        {
            await container.StopAsync(0);
            Assert.Equal(137, (await container.StatusAsync()).ExitCode);
            try
            {
                await container.RemoveAsync();
            }
            catch (RpcException refused)
            {
                Assert.Contains("delete", refused.Status.Detail, StringComparison.Ordinal);
                site.Runtime.Heal();
                await container.RemoveAsync();
            }
        }
        finally
        {
            site.Runtime.Heal();
        }

        Assert.Empty(CgroupTree.Named(container.Id));
        Assert.Equal("again", await pod.OutputAsync("echo again", config => config.Metadata = container.Config.Metadata.Clone()));
    });

    [Fact]
    public Task Update_OfARuntimeThatFails_LeavesTheLimitsAsTheyWere() => site.TryAsync(Fault, "update fails", async () =>
    {
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.StartAsync(["sleep", "1000"], config => config.Linux.Resources = new LinuxContainerResources { CpuShares = 200 });
        var update = new UpdateContainerResourcesRequest { ContainerId = container.Id, Linux = new LinuxContainerResources { CpuShares = 300 } };
        site.Runtime.At("update", Fails);
        try
        {
            await FaultSite.FailsAsync(async () => await site.Cri.Runtime.UpdateContainerResourcesAsync(update), "injected failure", StatusCode.Unknown);
        }
        finally
        {
            site.Runtime.Heal();
        }

        Assert.Equal(200, (await container.StatusAsync()).Resources.Linux.CpuShares);
        await site.Cri.Runtime.UpdateContainerResourcesAsync(update);
        Assert.Equal(300, (await container.StatusAsync()).Resources.Linux.CpuShares);
    });

    [Fact]
    public Task Start_ThatSucceedsAfterItsCallerGaveUp_IsARunningContainer() => site.TryAsync(Fault, "run succeeds late", async () =>
    {
        await using var pod = await TestPod.RunAsync(site.Cri);
        var container = await pod.CreateAsync(["sleep", "1000"]);
        site.Runtime.At("run", "touch \"$d/reached\"; until test -e \"$d/go\"; do sleep 0.05; done");
        try
        {
            using var patience = new CancellationTokenSource();
            var start = site.Cri.Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = container.Id }, cancellationToken: patience.Token);
            await Eventually.HoldsAsync(() => File.Exists(Reached), "the runtime is in the midst of it");
            await patience.CancelAsync();
            await FaultSite.FailsAsync(() => start.ResponseAsync, "", StatusCode.Cancelled, StatusCode.DeadlineExceeded);
            await File.WriteAllTextAsync(Go, "");
            await Eventually.GetAsync(container.StatusAsync, status => status.State == ContainerState.ContainerRunning, "the container runs all the same");
        }
        finally
        {
            File.Delete(Reached);
            File.Delete(Go);
            site.Runtime.Heal();
        }

        Assert.Equal("here", await container.ShellAsync("echo here"));
    });

    private string Go => Path.Combine(Path.GetDirectoryName(site.Runtime.Path)!, "go");

    private string Reached => Path.Combine(Path.GetDirectoryName(site.Runtime.Path)!, "reached");
}
