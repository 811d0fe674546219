using System.Diagnostics;
using Cri.Stress.Games;
using Cri.Testing.Crispd;
using Cri.Testing.Pods;
using Xunit;
using Xunit.Abstractions;

namespace Cri.Stress;

/// <summary>
/// 32 clients at once, each on a connection of its own, do everything the CRI offers with the same few pods, containers and images;
/// every answer and every event is then checked against a model of what the CRI promises. See <see cref="Models.LinearizabilityCheck"/>
/// for what that means, and <see cref="Models.PodModel"/> for the promises.
/// </summary>
public sealed class ConcurrencyTests(ITestOutputHelper output)
{
    private const int Clients = 32;

    [Fact]
    public async Task AllCalls_FromManyClientsAtOnce_AreExplainedByOneOrder()
    {
        var seed = StressOptions.Seed;
        var crispd = await CriEndpoint.StartAsync();
        try
        {
            var watch = Stopwatch.StartNew();
            var (violations, summary) = await PlayAsync(crispd, seed);
            Report($"seed {seed}: {summary} in {watch.Elapsed.TotalSeconds:0} s; {violations.Count} violations");
            Assert.True(violations.Count == 0, $"CRISP_STRESS_SEED={seed}\n{string.Join("\n\n", violations.Take(3))}");

            await crispd.RemovePodsAsync();
            await crispd.Leaks.AssertNothingAsync();
            var errors = crispd.Crispd?.Log.Split('\n').Where(line => line.Contains("level=error", StringComparison.Ordinal)).ToList() ?? [];
            Assert.True(errors.Count == 0, $"CRISP_STRESS_SEED={seed}: crispd logged\n{string.Join('\n', errors.Take(20))}");
        }
        catch (Exception)
        {
            Report($"seed {seed} failed");
            if (crispd.Crispd is { } failed)
            {
                await File.WriteAllTextAsync(Artifacts.File($"stress-{seed}.log"), failed.Log);
            }

            throw;
        }
        finally
        {
            await crispd.DisposeAsync();
        }
    }

    private static async Task<(IReadOnlyCollection<string> Violations, string Summary)> PlayAsync(CriEndpoint endpoint, int seed)
    {
        await using var board = new Board(endpoint, seed);
        await board.BeginAsync();
        using var over = new CancellationTokenSource(StressOptions.Duration);
        await Task.WhenAll(Enumerable.Range(1, Clients).Select(async number =>
        {
            await Task.Yield();
            using var caller = new Caller(endpoint.SocketPath);
            var random = new Random(HashCodeOf(seed, number));
            await board.PlayAsync(new Player(caller, random, endpoint.Busybox), random, over.Token);
        }));
        await board.EndAsync();
        return (board.Violations, $"{Caller.Count} calls and {board.Events} events of {board.Games} pod names");
    }

    // The same in every process, which System.HashCode is not.
    private static int HashCodeOf(int seed, int number) => unchecked((seed * 31) + (number * 7919));

    private void Report(string line)
    {
        output.WriteLine(line);
        File.AppendAllText(Artifacts.File("stress.txt"), line + "\n");
    }
}
