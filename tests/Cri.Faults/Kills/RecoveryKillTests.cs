namespace Cri.Faults.Kills;

/// <summary>crispd dies, and while it takes over what it left it dies again.</summary>
public sealed class RecoveryKillTests(KillNode node) : IClassFixture<KillNode>
{
    private const string Cause = "crispd killed, and again while it starts";

    // Where the first death must have been for the second to come at this point; elsewhere any start will do.
    private static readonly Dictionary<string, string> _before = new()
    {
        ["recover.undo-network"] = "run-pod.network-recorded",
        ["recover.undo-init"] = "run-pod.init-started",
        ["recover.undo-shim"] = "run-pod.init-started",
        ["recover.undo-directory"] = "run-pod.namespaces-made",
        ["recover.bundle-removed"] = "create.volumes-mounted",
        ["recover.execs-ended"] = "exec.started",
    };

    /// <summary>Every point of a start, as many times as there are rounds.</summary>
    public static TheoryData<string, int> Points
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var fault in Fault.All.Where(fault => fault.Flow == "recover" && fault.Name != RebootTests.Sweep))
            {
                for (var i = 0; i < Fault.Rounds; i++)
                {
                    data.Add(fault.Name, i + 1);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Points))]
    public Task Crispd_KilledWhileItTakesOver_LosesAndLeavesNothing(string point, int number) => node.TryAsync(Cause, point, async () =>
    {
        Assert.True(number > 0);
        var trial = new KillTrial(node);
        await trial.BeginAsync();
        await trial.ArmAsync(new Fault(Fault.OfCrispd, _before.GetValueOrDefault(point, "start.recorded")).At(1));
        await trial.LiveAsync(() => trial.ReviveAsync(async () =>
        {
            if (trial.Deaths == 1)
            {
                Assert.False(await node.Crispd.TryStartAsync($"{Fault.OfCrispd}={point}"), $"{point} is not reached");
            }

            await node.ReviveAsync();
        }));
        await trial.EndAsync();
        Assert.Equal(1, trial.Deaths);
        return true;
    });

    [Fact]
    public void EveryPoint_IsOfAFlowThatIsTried()
    {
        string[] tried =
        [
            "recover", "run-pod", "cni-add", "stop-pod", "cni-del", "remove-pod", "create", "start", "exec", "update", "reopen",
            "checkpoint", "exit", "stop", "remove", "pull", "remove-image", "file", "tree", "command", "shim",
        ];
        Assert.Equal([], Fault.All.Select(fault => fault.Flow).Except(tried));
    }
}
