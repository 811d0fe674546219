using System.Diagnostics;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Xunit;
using Xunit.Abstractions;

namespace Cri.Stress.Soak;

/// <summary>
/// The same work over and over leaves server and shim as they were. Flat means: after a warm-up of a quarter of the time, memory,
/// open files and threads do not grow by more than the bounds below, by both measures of <see cref="Trend"/>. For memory that is
/// private dirty pages and RSS, of a server that has had some seconds of quiet: it gives back then what nobody holds, so that what grows
/// is what is held. A server of NativeAOT has no code that is still being compiled; one that runs on a JIT compiles for minutes, and has
/// ten times the room.
/// </summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int MostSamples = 48;
    private static readonly TimeSpan _leastInterval = TimeSpan.FromSeconds(20);

    // The server looks every five seconds whether it was quiet, and has to have been for as long.
    private static readonly TimeSpan _quiet = TimeSpan.FromSeconds(12);
    private const long ServerKiB = 4 << 10;
    private const long ShimKiB = 1 << 10;
    private const long Files = 3;

    // A pool that had more to do for a moment keeps its threads for 20 s; one that is lost in each round would be hundreds.
    private const long Threads = 20;

    [Fact]
    public async Task Crispd_UnderSteadyChurn_StaysAsItIs()
    {
        await using var endpoint = await CriEndpoint.StartAsync();
        if (endpoint.Crispd is not { } crispd)
        {
            return;
        }

        var churn = new Churn(endpoint);
        await churn.BeginAsync();
        var series = new Dictionary<string, List<long>>();
        var rounds = await ChurnAsync(churn, crispd, series);

        var room = IsCompiledAhead(crispd.ProcessId) ? 1 : 10;
        var lines = series.Select(item => $"{item.Key}: {new Trend(item.Value)}").Prepend($"soak of {StressOptions.Soak.TotalSeconds:0} s, {rounds} rounds").ToList();
        lines.ForEach(output.WriteLine);
        await File.AppendAllLinesAsync(Artifacts.File("stress.txt"), lines);
        Assert.All(series, item => Assert.True(new Trend(item.Value).Growth <= Room(item.Key, room), string.Join('\n', lines)));
        await endpoint.RemovePodsAsync();
        await endpoint.Leaks.AssertNothingAsync();
    }

    private static async Task<int> ChurnAsync(Churn churn, CrispdFixture crispd, Dictionary<string, List<long>> series)
    {
        var watch = Stopwatch.StartNew();
        var warm = StressOptions.Soak / 4;
        var interval = TimeSpan.FromTicks(Math.Max(((StressOptions.Soak - warm) / MostSamples).Ticks, _leastInterval.Ticks));
        var shim = await churn.Staying.ShimPidAsync();
        var (rounds, taken) = (0, 0);
        for (; watch.Elapsed < StressOptions.Soak; rounds++)
        {
            await churn.RoundAsync();
            if (watch.Elapsed > warm + (interval * taken))
            {
                taken++;
                await Task.Delay(_quiet);
                Sample(series, "server", ProcessFootprint.Of(crispd.ProcessId));
                Sample(series, "shim", ProcessFootprint.Of(shim));
            }
        }

        return rounds;
    }

    private static void Sample(Dictionary<string, List<long>> series, string name, ProcessFootprint usage)
    {
        Add($"{name} RSS KiB", usage.RssKiB);
        Add($"{name} private dirty KiB", usage.PrivateDirtyKiB);
        Add($"{name} open files", usage.Descriptors);
        Add($"{name} threads", usage.Threads);

        void Add(string key, long value)
        {
            series.TryAdd(key, []);
            series[key].Add(value);
        }
    }

    private static long Room(string key, int times) => key switch
    {
        _ when key.EndsWith("threads", StringComparison.Ordinal) => Threads,
        _ when !key.EndsWith("KiB", StringComparison.Ordinal) => Files * times,
        _ when key.StartsWith("shim", StringComparison.Ordinal) => ShimKiB,
        _ => ServerKiB * times,
    };

    private static bool IsCompiledAhead(int pid) => !File.ReadAllText($"/proc/{pid}/maps").Contains("libclrjit", StringComparison.Ordinal);
}
