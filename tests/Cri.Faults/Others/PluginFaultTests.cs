using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>A CNI plugin is killed, fails, hangs, prints too much, or says it did what it did not do.</summary>
public sealed class PluginFaultTests(PluginFaultTests.Site site) : IClassFixture<PluginFaultTests.Site>
{
    private const string Fault = "CNI plugin";
    private const string Real = "\"$real\" <\"$input\"";
    private const string Fails = "echo '{\"cniVersion\":\"1.0.0\",\"code\":999,\"msg\":\"injected failure\"}'; exit 1";
    private const string Hangs = "exec sleep 1000";
    private const string PrintsGarbage = "head -c 5000 /dev/urandom; exit 0";
    private const string Prints100Mb = "head -c 100000000 /dev/zero | tr '\\0' x; exit 0";
    private const string DoesNothing = "exit 0";
    private const string IsKilled = "kill -9 $$";
    private const string IsKilledHalfWay = Real + " & sleep 0.0$(($$ % 10)); kill -9 $!; kill -9 $$";
    private const string IsKilledWhenDone = Real + " >/dev/null; kill -9 $$";
    private const string FailsWhenDone = Real + " >/dev/null; " + Fails;

    // As one dies that has removed the interface, but not yet the rules that it finds by the interface's address.
    private const string IsKilledAfterTheLink = "nsenter --net=\"$CNI_NETNS\" ip link delete eth0; kill -9 $$";

    /// <summary>A bridge plugin that can be made to misbehave, and little patience for it.</summary>
    public sealed class Site : FaultSite
    {
        /// <summary>The plugin.</summary>
        public FaultyProgram Bridge { get; private set; } = null!;

        /// <inheritdoc/>
        protected override NodeSettings Settings => NodeSettings.FromEnvironment with { Plugins = Scratch, PluginTimeout = TimeSpan.FromSeconds(20) };

        /// <inheritdoc/>
        public override Task InitializeAsync()
        {
            Bridge = new FaultyProgram(Scratch, "bridge", "/usr/lib/cni/bridge");
            Bridge.Install();
            return base.InitializeAsync();
        }
    }

    [Theory]
    [InlineData("fails", Fails, "injected failure", StatusCode.Unavailable)]
    [InlineData("fails when it was done", FailsWhenDone, "injected failure", StatusCode.Unavailable)]
    [InlineData("hangs", Hangs, "did not end within 20 s", StatusCode.DeadlineExceeded)]
    [InlineData("prints garbage", PrintsGarbage, "printed no JSON result", StatusCode.Unavailable)]
    [InlineData("prints 100 MB", Prints100Mb, "printed more than a result may have", StatusCode.Unavailable)]
    [InlineData("exits with 0 and does nothing", DoesNothing, "printed no JSON result", StatusCode.Unavailable)]
    [InlineData("is killed", IsKilled, "killed by signal 9", StatusCode.Unavailable)]
    [InlineData("is killed half-way", IsKilledHalfWay, "killed by signal 9", StatusCode.Unavailable)]
    [InlineData("is killed when it was done", IsKilledWhenDone, "killed by signal 9", StatusCode.Unavailable)]
    public Task Add_OfAPluginThatMisbehaves_FailsInItsWordsAndLeavesNothing(string how, string text, string words, StatusCode code) =>
        site.TryAsync(Fault, $"ADD {how}", async () =>
        {
            var config = TestPod.NewConfig(site.Cri);
            site.Bridge.At("ADD", text);
            try
            {
                var error = await FaultSite.FailsAsync(
                    async () => await site.Cri.Runtime.RunPodSandboxAsync(new Api.V1.RunPodSandboxRequest { Config = config }), words, code);
                Assert.Contains("bridge", error.Status.Detail, StringComparison.Ordinal);
                Assert.True(error.Status.Detail.Length < 10_000);
            }
            finally
            {
                site.Bridge.Heal();
            }

            await site.IsAsBeforeAsync();
            await site.WorksAsync(config);
        });

    [Theory]
    [InlineData("fails", Fails, "injected failure", StatusCode.Unavailable)]
    [InlineData("fails when it was done", FailsWhenDone, "injected failure", StatusCode.Unavailable)]
    [InlineData("hangs", Hangs, "did not end within 20 s", StatusCode.DeadlineExceeded)]
    [InlineData("is killed", IsKilled, "killed by signal 9", StatusCode.Unavailable)]
    [InlineData("is killed half-way", IsKilledHalfWay, "killed by signal 9", StatusCode.Unavailable)]
    [InlineData("is killed after it removed the link", IsKilledAfterTheLink, "killed by signal 9", StatusCode.Unavailable)]
    public Task Del_OfAPluginThatMisbehaves_FailsAndIsMadeUpForByTheNextStop(string how, string text, string words, StatusCode code) =>
        site.TryAsync(Fault, $"DEL {how}", async () =>
        {
            var pod = await TestPod.RunAsync(site.Cri);
            site.Bridge.At("DEL", text);
            try
            {
                await FaultSite.FailsAsync(pod.StopAsync, words, code);
            }
            finally
            {
                site.Bridge.Heal();
            }

            await pod.DisposeAsync();
            await site.IsAsBeforeAsync();
            await site.WorksAsync(pod.Config);
        });

    [Fact]
    public Task Del_OfAPluginThatFailsAfterAFailedAdd_IsMadeUpForByTheNextStart() => site.TryAsync(Fault, "ADD and its DEL are killed", async () =>
    {
        var config = TestPod.NewConfig(site.Cri);
        site.Bridge.At("ADD", IsKilledWhenDone);
        site.Bridge.At("DEL", IsKilled);
        try
        {
            await FaultSite.FailsAsync(
                async () => await site.Cri.Runtime.RunPodSandboxAsync(new Api.V1.RunPodSandboxRequest { Config = config }),
                "undoing it failed too",
                StatusCode.Unavailable);
        }
        finally
        {
            site.Bridge.Heal();
        }

        await site.Crispd.KillAsync();
        await site.Crispd.StartAsync();
        site.Cri.Reconnect();
        await site.WorksAsync(config);
    });

    [Fact]
    public Task Add_ThatRunsOnAfterCrispdWasKilled_IsEndedBeforeItIsUndone() => site.TryAsync(Fault, "ADD outlives crispd", async () =>
    {
        var config = TestPod.NewConfig(site.Cri);
        var reached = Path.Combine(Path.GetDirectoryName(site.Bridge.Path)!, "reached");
        site.Bridge.At("ADD", "touch \"$d/reached\"; sleep 5; " + Real + "; exit $?");
        var run = site.Cri.Runtime.RunPodSandboxAsync(new Api.V1.RunPodSandboxRequest { Config = config }).ResponseAsync;
        await Eventually.HoldsAsync(() => File.Exists(reached), "the plugin is in the midst of it");
        await site.Crispd.KillAsync();
        site.Bridge.Heal();
        await site.Crispd.StartAsync();
        site.Cri.Reconnect();

        await Assert.ThrowsAsync<RpcException>(() => run);
        await Eventually.HoldsAsync(() => FaultSite.Processes(site.Bridge.Path).Count == 0, "the plugin that nobody waits for is gone");
        File.Delete(reached);
        await site.WorksAsync(config);
    });
}
