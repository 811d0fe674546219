using Cri.Api.CrispV1;
using Cri.Cli.Output;
using Xunit;

namespace Cri.Cli.Tests.Output;

public sealed class WaterfallTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void Of_CallsWithSteps_DrawsThemOnOneScaleWithoutTheTimeBetween()
    {
        var run = Call("RunPodSandbox", 1000, 30);
        run.Steps.Add(Step("shim", "", 0, 1000, 10));
        run.Steps.Add(Step("network", "", 0, 1010, 20));
        run.Steps.Add(Step("CNI ADD", "bridge", 2, 1010, 15));
        var create = Call("CreateContainer", 3030, 10);

        var lines = Waterfall.Of([run, create], 68).Split('\n');

        Assert.Equal(
            [
                "RunPodSandbox           30.0 ms  ██████████████████████████▎",
                "  shim                  10.0 ms  ████████▊",
                "  network               20.0 ms          ██████████████████▎",
                "    CNI ADD bridge      15.0 ms          █████████████▉",
                "                                 ... 2,000.0 ms later",
                "CreateContainer         10.0 ms                            █████████",
                "in all                  40.0 ms",
                "",
            ],
            lines);
    }

    [Fact]
    public void Of_ACallThatFailedOrRuns_SaysSo()
    {
        var failed = Call("RunPodSandbox", 0, 5);
        failed.Steps[0].Failed = true;
        failed.Steps[0].Error = "no network";
        var runs = Call("StopPodSandbox", 5, -1);
        runs.Steps[0].Duration = -1;

        var lines = Waterfall.Of([failed, runs], 60).Split('\n');

        Assert.EndsWith("  failed: no network", lines[0], StringComparison.Ordinal);
        Assert.Contains("runs", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ATerminalOfFewColumns_StillHasBars() =>
        Assert.Contains('█', Waterfall.Of([Call("RunPodSandbox", 0, 5)], 10));

    private static Trace Call(string verb, long startedAt, long milliseconds) =>
        new() { Verb = verb, Steps = { Step(verb, "", -1, startedAt, milliseconds) } };

    private static Step Step(string name, string detail, int parent, long startedAt, long milliseconds) => new()
    {
        Name = name,
        Detail = detail,
        Parent = parent,
        StartedAt = startedAt * Millisecond,
        Duration = milliseconds * Millisecond,
    };
}
