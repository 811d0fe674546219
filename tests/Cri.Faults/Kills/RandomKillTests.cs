using Xunit.Abstractions;

namespace Cri.Faults.Kills;

/// <summary>crispd is killed at random moments of a pod's life. CRISP_FAULT_SEED is where the dice begin.</summary>
public sealed class RandomKillTests(KillNode node, ITestOutputHelper log) : IClassFixture<KillNode>
{
    private const int KillsOfARound = 12;
    private const int LatestMilliseconds = 1500;

    [Fact]
    public async Task Crispd_KilledAtAnyMoment_LosesAndLeavesNothing()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("CRISP_FAULT_SEED"), out var given) ? given : Random.Shared.Next();
        log.WriteLine($"seed {seed}");
        var dice = new Random(seed);
        for (var kills = 0; kills < Fault.Rounds * KillsOfARound;)
        {
            kills += await LiveAsync(dice, seed);
        }
    }

    private async Task<int> LiveAsync(Random dice, int seed)
    {
        var kills = 0;
        await node.TryAsync("crispd killed at a random moment", "a pod's life", async () =>
        {
            var trial = new KillTrial(node);
            await trial.BeginAsync();
            var killer = KillLaterAsync(dice);
            try
            {
                await trial.LiveAsync(async () =>
                {
                    await killer;
                    await trial.ReviveAsync();
                    killer = KillLaterAsync(dice);
                });
            }
            finally
            {
                await killer;
            }

            // The last one came after the life, or in its last step.
            await trial.ReviveAsync();
            await trial.EndAsync();
            kills = trial.Deaths;
            for (var i = 1; i < kills; i++)
            {
                FaultTable.Record("crispd killed at a random moment", "a pod's life");
            }

            return true;
        });
        log.WriteLine($"seed {seed}: {kills} kills in a life");
        return kills;
    }

    private async Task KillLaterAsync(Random dice)
    {
        await Task.Delay(dice.Next(LatestMilliseconds));
        await node.Crispd.KillAsync();
    }
}
