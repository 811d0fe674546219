using Cri.Api.V1;
using Cri.Testing.Pods;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

public sealed class LogTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task Log_OfBothStreams_TellsThemApart()
    {
        var container = await Pod.StartScriptAsync("echo out; sleep 0.2; echo err >&2");
        await container.ExitAsync();

        Assert.Equal([("stdout", "out"), ("stderr", "err")], container.Log.Select(line => (line.Stream, line.Text)));
    }

    [Fact]
    public async Task Log_OfALine_HasTheTimeWithNanoseconds()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var container = await Pod.StartScriptAsync("echo timed");
        await container.ExitAsync();

        Assert.InRange(Assert.Single(container.Log).Time, before, DateTimeOffset.UtcNow.AddSeconds(1));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) stdout F timed\n$", await File.ReadAllTextAsync(container.LogPath));
    }

    [Fact]
    public async Task Log_OfALongLine_IsCutIntoPartsOf16KiB()
    {
        var container = await Pod.StartScriptAsync("head -c 40000 /dev/zero | tr '\\0' x; echo");
        await container.ExitAsync();

        Assert.True(container.Log.Take(2).All(line => line.IsPartial));
        Assert.False(container.Log[^1].IsPartial);
        Assert.All(container.Log, line => Assert.InRange(line.Text.Length, 0, 16384));
        Assert.Equal(40000, container.Log.Sum(line => line.Text.Length));
    }

    [Fact]
    public async Task Log_OfOutputWithoutALineEnd_IsThere()
    {
        var container = await Pod.StartScriptAsync("printf 'no end'");
        await container.ExitAsync();

        Assert.Equal("no end", Assert.Single(container.Log).Text);
    }

    [Fact]
    public async Task Log_OfEmptyLines_KeepsThem()
    {
        var container = await Pod.StartScriptAsync("echo; echo; echo x");
        await container.ExitAsync();

        Assert.Equal(["", "", "x"], container.Log.Select(line => line.Text));
    }

    [Fact]
    public async Task Log_OfMuchOutput_IsCompleteAndInOrder()
    {
        var container = await Pod.StartScriptAsync("seq 1 20000");
        await container.ExitAsync();

        Assert.Equal(Enumerable.Range(1, 20000).Select(number => $"{number}"), container.Log.Select(line => line.Text));
    }

    [Fact]
    public async Task Log_WhenTheContainerHasExited_IsComplete()
    {
        for (var round = 0; round < 3; round++)
        {
            var container = await Pod.StartScriptAsync("echo last words");
            await container.ExitAsync();
            Assert.Equal("last words", container.Output);
        }
    }

    [Fact]
    public async Task ReopenContainerLog_AfterARename_GoesOnInANewFileWithoutAGap()
    {
        var container = await Pod.StartScriptAsync("i=0; while :; do echo $i; i=$((i+1)); sleep 0.01; done");
        await container.LoggedAsync("10");
        var rotated = container.LogPath + ".1";
        File.Move(container.LogPath, rotated);

        await Cri.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = container.Id });
        await Eventually.HoldsAsync(() => container.Log.Count > 5, "the new file has lines");
        await container.StopAsync(0);

        var numbers = LogLine.ReadAll(rotated).Concat(container.Log).Select(line => int.Parse(line.Text)).ToList();
        Assert.Equal(Enumerable.Range(0, numbers.Count), numbers);
    }

    [Fact]
    public async Task ReopenContainerLog_OfAnExitedContainer_IsAnError()
    {
        var container = await Pod.StartScriptAsync("exit 0");
        await container.ExitAsync();

        await Assert.ThrowsAsync<RpcException>(
            async () => await Cri.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = container.Id }));
    }

    [Fact]
    public async Task Container_WithoutALogPath_RunsAndLogsNowhere()
    {
        var container = await Pod.StartScriptAsync("seq 1 10000", config => config.LogPath = "");

        Assert.Equal(0, (await container.ExitAsync()).ExitCode);
    }
}
