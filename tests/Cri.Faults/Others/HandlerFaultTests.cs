using Cri.Api.V1;
using Cri.Linux;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Xunit;

namespace Cri.Faults.Others;

/// <summary>An operator takes a runtime handler out of the configuration while pods of it run.</summary>
public sealed class HandlerFaultTests(HandlerFaultTests.Site site) : IClassFixture<HandlerFaultTests.Site>
{
    private const string Fault = "handler taken away";
    private const string Handlers = "runtimes: { handlers: { kept-no-more: { path: /usr/sbin/runc } } }";

    /// <summary>A crispd with a handler beside its own.</summary>
    public sealed class Site : FaultSite
    {
        /// <inheritdoc/>
        protected override NodeSettings Settings => NodeSettings.FromEnvironment with { Runtime = null, Configuration = Handlers + "\n" };
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task Handler_GoneAfterARestart_ItsPodsCanBeStoppedAndRemoved(bool shimLives) =>
        site.TryAsync(Fault, shimLives ? "its shim lives" : "its shim died too", async () =>
        {
            var pod = await TestPod.RunAsync(site.Cri, TestPod.NewConfig(site.Cri), "kept-no-more");
            var container = await pod.StartAsync(["sleep", "1000"]);
            var (shim, process) = (await pod.ShimPidAsync(), await container.PidAsync());
            await site.Crispd.KillAsync();
            if (!shimLives)
            {
                Signals.Send(shim, Signals.SigKill);
            }

            await RestartWithAsync("");
            Assert.Equal(shimLives, (await container.StatusAsync()).State == ContainerState.ContainerRunning);
            await pod.StopAsync();
            await pod.RemoveAsync();
            await pod.DisposeAsync();

            Assert.False(FaultSite.Runs(process), "a process of a removed pod runs");
            await site.Crispd.KillAsync();
            await RestartWithAsync(Handlers);
        });

    private async Task RestartWithAsync(string handlers)
    {
        var lines = (await File.ReadAllLinesAsync(site.Crispd.Configuration)).Where(line => !line.StartsWith("runtimes:", StringComparison.Ordinal));
        await File.WriteAllLinesAsync(site.Crispd.Configuration, lines.Append(handlers));
        await site.Crispd.StartAsync();
    }
}
