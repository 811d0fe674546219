using System.Diagnostics;
using System.Globalization;
using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>A test that sets the machine's clock, and so runs where the machine is the tests' own and nothing else runs meanwhile.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClockTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips the test on a machine that has other users.</summary>
    public ClockTheoryAttribute() =>
        Skip = Environment.GetEnvironmentVariable("CRISP_OWN_MACHINE") == "yes" ? null : "it sets the machine's clock; tests/v2/run has a machine for it";
}

/// <summary>No other test runs beside these.</summary>
[CollectionDefinition(nameof(ClockTests), DisableParallelization = true)]
public sealed class ClockCollection;

/// <summary>The machine's clock is set while pods run, by an administrator or by the first answer of a time server.</summary>
[Collection(nameof(ClockTests))]
[Trait("Depends", "clock")]
public sealed class ClockTests
{
    private const ulong TenCores = 10_000_000_000;

    [ClockTheory]
    [InlineData(2 * 3600)]
    [InlineData(-2 * 3600)]
    [InlineData(-20 * 365 * 86400)]
    public async Task Crispd_WhoseClockIsSet_KeepsTimesInOrderAndItsBounds(int seconds)
    {
        await using var cri = await CriEndpoint.StartAsync();
        await using var pod = await TestPod.RunAsync(cri);
        var runs = await pod.StartAsync(["sleep", "1000000"]);
        var (pid, startedAt) = (await runs.PidAsync(), (await runs.StatusAsync()).StartedAt);
        var created = await pod.CreateAsync(["sleep", "1000000"]);
        var first = await pod.StartAsync(["true"], config => config.Metadata.Name = "again");
        var ended = await first.ExitAsync();
        await runs.StatsAsync();
        await using var events = new EventReader(cri);
        await EventsReachAsync(pod, events);
        var limited = ExecTimeAsync(runs, seconds: 3);

        using var clock = new ClockSetting(seconds);

        Assert.True(await limited >= TimeSpan.FromSeconds(2), "the timeout of an exec is not cut short");
        Assert.Equal((pid, startedAt), (await runs.PidAsync(), (await runs.StatusAsync()).StartedAt));
        await ExecTimeAsync(runs, seconds: 1);
        Assert.True(((await runs.StatsAsync()).Cpu.UsageNanoCores?.Value ?? 0) < TenCores);
        await created.StartAsync();
        await created.StopAsync(0);
        AssertInOrder(await created.StatusAsync());

        // The kubelet takes the newest attempt for the one that counts.
        var second = await pod.StartAsync(["true"], config => config.Metadata = new ContainerMetadata { Name = "again", Attempt = 1 });
        var endedAgain = await second.ExitAsync();
        Assert.True(endedAgain.CreatedAt > ended.CreatedAt, $"{endedAgain.CreatedAt} is after {ended.CreatedAt}");
        AssertInOrder(endedAgain);
        await events.UntilAsync(pod, second.Id, ContainerEventType.ContainerStoppedEvent);
        var times = events.Of(pod).Select(told => told.CreatedAt).ToList();
        Assert.Equal(times.Distinct().Order(), times);

        await cri.Crispd!.KillAsync();
        await cri.Crispd.StartAsync();
        cri.Reconnect();
        Assert.Equal("here", await runs.ShellAsync("echo here"));
        await pod.StopAsync();
        await using var next = await TestPod.RunAsync(cri, config =>
        {
            config.Metadata = pod.Config.Metadata.Clone();
            config.Metadata.Attempt = 1;
        });
        Assert.True((await next.StatusAsync()).CreatedAt > (await pod.StatusAsync()).CreatedAt, "the newer sandbox is the newer one");
        Assert.Equal("works", await next.OutputAsync("echo works"));
        await next.DisposeAsync();
        await pod.DisposeAsync();
        await cri.Leaks.AssertNothingAsync();
    }

    // A subscription begins some time after it was asked for.
    private static async Task EventsReachAsync(TestPod pod, EventReader events)
    {
        var probe = await pod.StartAsync(["true"]);
        await events.UntilAsync(pod, probe.Id, ContainerEventType.ContainerStoppedEvent);
    }

    private static async Task<TimeSpan> ExecTimeAsync(TestContainer container, int seconds)
    {
        var watch = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<RpcException>(() => container.ExecAsync(["sleep", "1000"], seconds));
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        return watch.Elapsed;
    }

    private static void AssertInOrder(ContainerStatus status) => Assert.True(
        status.CreatedAt <= status.StartedAt && status.StartedAt <= status.FinishedAt,
        $"created {status.CreatedAt}, started {status.StartedAt}, finished {status.FinishedAt}");

    /// <summary>Sets the clock by so many seconds; Dispose sets it back to what it would be.</summary>
    private sealed class ClockSetting : IDisposable
    {
        private readonly Stopwatch _since = Stopwatch.StartNew();
        private readonly DateTimeOffset _from = DateTimeOffset.UtcNow;

        public ClockSetting(int seconds) => Set(_from.AddSeconds(seconds));

        public void Dispose() => Set(_from + _since.Elapsed);

        private static void Set(DateTimeOffset time) =>
            Command.Run("date", "--set", string.Create(CultureInfo.InvariantCulture, $"@{time.ToUnixTimeMilliseconds() / 1000.0:0.000}"));
    }
}
