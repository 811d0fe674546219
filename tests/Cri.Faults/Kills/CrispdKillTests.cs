namespace Cri.Faults.Kills;

/// <summary>crispd is killed at a named point, started again, and everything goes on as if it had not been.</summary>
public abstract class CrispdKillTests(KillNode node) : IClassFixture<KillNode>
{
    private const string Cause = "crispd killed";

    /// <summary>The points of some flows, each at some passages; more with more rounds.</summary>
    protected static TheoryData<string, int> PointsOf(int passages, params string[] flows)
    {
        var data = new TheoryData<string, int>();
        foreach (var fault in Fault.All.Where(fault => flows.Contains(fault.Flow)))
        {
            for (var i = 0; i < Fault.Rounds * passages; i++)
            {
                data.Add(fault.Name, i + 1);
            }
        }

        return data;
    }

    /// <summary>Leads a life that is cut at the point. The flow comes there once at least; it may come there again.</summary>
    /// <param name="point">The point.</param>
    /// <param name="number">Counts the trials of this point, from 1.</param>
    /// <param name="passages">At how many passages to try in turn.</param>
    protected Task DieAtAsync(string point, int number, int passages) => node.TryAsync(Cause, point, async () =>
    {
        var passage = ((number - 1) % passages) + 1;
        var trial = new KillTrial(node);
        await trial.BeginAsync();
        await trial.ArmAsync(new Fault(Fault.OfCrispd, point).At(passage));
        await trial.LiveAsync();
        await trial.EndAsync();
        Assert.True(trial.Deaths == 1 || passage > 1, $"{trial.Deaths} deaths: no step of the life comes to this point");
        return trial.Deaths > 0;
    });
}

/// <summary>The flows of pods and their network.</summary>
public sealed class PodKillTests(KillNode node) : CrispdKillTests(node)
{
    public static TheoryData<string, int> Points => PointsOf(1, "run-pod", "cni-add", "stop-pod", "cni-del", "remove-pod");

    [Theory]
    [MemberData(nameof(Points))]
    public Task Crispd_KilledInAFlowOfAPod_LosesAndLeavesNothing(string point, int number) => DieAtAsync(point, number, 1);
}

/// <summary>The flows of containers.</summary>
public sealed class ContainerKillTests(KillNode node) : CrispdKillTests(node)
{
    public static TheoryData<string, int> Points =>
        PointsOf(1, "create", "start", "exec", "update", "reopen", "checkpoint", "exit", "stop", "remove");

    [Theory]
    [MemberData(nameof(Points))]
    public Task Crispd_KilledInAFlowOfAContainer_LosesAndLeavesNothing(string point, int number) => DieAtAsync(point, number, 1);
}

/// <summary>The flows of images, and the steps that many flows have.</summary>
public sealed class ImageKillTests(KillNode node) : CrispdKillTests(node)
{
    private const int Passages = 6;

    public static TheoryData<string, int> Points => PointsOf(1, "pull", "remove-image");

    public static TheoryData<string, int> CommonPoints => PointsOf(2, "file", "tree", "command");

    [Theory]
    [MemberData(nameof(Points))]
    public Task Crispd_KilledInAFlowOfAnImage_LosesAndLeavesNothing(string point, int number) => DieAtAsync(point, number, 1);

    [Theory]
    [MemberData(nameof(CommonPoints))]
    public Task Crispd_KilledInACommonStep_LosesAndLeavesNothing(string point, int number) => DieAtAsync(point, number, Passages);
}
