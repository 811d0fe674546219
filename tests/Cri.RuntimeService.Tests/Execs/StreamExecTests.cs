using Cri.RuntimeService.Execs;
using Cri.Streaming;
using Xunit;

namespace Cri.RuntimeService.Tests.Execs;

public sealed class StreamExecTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly CancellationTokenSource _gone = new();
    private readonly TerminalClient _client = new();
    private RunningPod _pod = null!;
    private RunningContainer _running = null!;

    public async Task InitializeAsync()
    {
        _pod = await RunningPod.StartAsync();
        _running = await RunningContainer.StartAsync(_pod, "sleep 1000");
    }

    public async Task DisposeAsync()
    {
        Assert.Empty(Directory.EnumerateFiles(_running.Container.Files.Bundle, "exec-*"));
        await _running.DisposeAsync();
        await _pod.DisposeAsync();
    }

    public void Dispose() => _gone.Dispose();

    [Fact]
    public async Task Run_Command_GivesOutputErrorsAndExitCode()
    {
        Assert.Equal(7, await RunAsync("echo out; echo err >&2; exit 7"));
        Assert.Equal("out\n", _client.Stdout.Text);
        Assert.Equal("err\n", _client.Stderr.Text);
    }

    [Fact]
    public async Task Run_ClientClosesInput_CommandSeesItsEnd()
    {
        var run = RunAsync("cat; echo over", stdin: true);
        _client.Stdin.Type("first\n");
        await _client.Stdout.WaitForAsync("first\n");
        _client.Stdin.Type("second\n");
        _client.Stdin.End();
        Assert.Equal(0, await run);
        Assert.Equal("first\nsecond\nover\n", _client.Stdout.Text);
    }

    [Fact]
    public async Task Run_CommandReadsNothingOfMuchInput_EndsWithItsExitCode()
    {
        for (var i = 0; i < 100; i++)
        {
            _client.Stdin.Type(new string('x', 4096));
        }

        Assert.Equal(3, await RunAsync("exit 3", stdin: true));
    }

    [Fact]
    public async Task Run_ClientThatDoesNotRead_StallsItsOwnCommandAndLosesNothing()
    {
        _client.Stdout.StopReading();
        var run = RunAsync("dd if=/dev/zero bs=65536 count=64 2>/dev/null; echo done >&2");
        var other = new TerminalClient();
        Assert.Equal(0, await StreamExec.RunAsync(_running.Container, ["/bin/sh", "-c", "echo x"], false, other.Streams(), _gone.Token));
        Assert.False(run.IsCompleted);
        Assert.Equal("", _client.Stderr.Text);
        _client.Stdout.ReadOn();
        Assert.Equal(0, await run);
        Assert.Equal(64L * 65536, _client.Stdout.Length);
        Assert.Equal("done\n", _client.Stderr.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_ClientReadsLongAfterTheEnd_StillGetsEverything(bool tty)
    {
        _client.Stdout.StopReading();
        var run = RunAsync("seq 1 6000", tty: tty);

        // Longer than any bound that holds for children which keep the output open.
        await Task.Delay(TimeSpan.FromSeconds(5));
        _client.Stdout.ReadOn();
        Assert.Equal(0, await run);
        var lines = _client.Stdout.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r'));
        Assert.Equal(Enumerable.Range(1, 6000).Select(i => $"{i}"), lines);
    }

    [Theory]
    [InlineData("sleep 4321 & echo started")]
    [InlineData("(while true; do echo noise; done) & echo started")]
    public async Task Run_ChildHoldsTheOutput_IsNotWaitedForForEver(string script)
    {
        Assert.Equal(0, await RunAsync(script));
        Assert.Contains("started\n", _client.Stdout.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_ClientGone_EndsTheProcessGroup(bool tty)
    {
        var run = RunAsync("sleep 4321 & echo started; sleep 4321; true", tty: tty);
        await _client.Stdout.WaitForAsync("started");
        await _gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await WaitUntilAloneAsync();
    }

    [Fact]
    public async Task Run_TerminalOfAShellThatIgnoresHangUp_IsKilled()
    {
        var run = RunAsync("trap '' HUP; echo started; while true; do sleep 1; done", tty: true);
        await _client.Stdout.WaitForAsync("started");
        await _gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await WaitUntilAloneAsync();
    }

    [Fact]
    public async Task Run_Terminal_HasItsSizeFromTheStartAndFollowsTheClients()
    {
        _client.Resize(132, 43);
        var run = RunAsync("stty size; echo err >&2; trap 'stty size; exit 4' WINCH; echo ready; while true; do sleep 0.1; done", tty: true);
        await _client.Stdout.WaitForAsync("ready\r\n");
        _client.Resize(100, 50);
        Assert.Equal(4, await run);
        Assert.Equal("43 132\r\nerr\r\nready\r\n50 100\r\n", _client.Stdout.Text);
    }

    [Fact]
    public async Task Run_Terminal_TakesInput()
    {
        var run = RunAsync("stty -echo; echo ready; read x; echo got $x", stdin: true, tty: true);
        await _client.Stdout.WaitForAsync("ready");
        _client.Stdin.Type("hello\n");
        Assert.Equal(0, await run);
        Assert.Contains("got hello\r\n", _client.Stdout.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_MissingProgram_SaysSoInTheRuntimesWords()
    {
        var error = await Assert.ThrowsAsync<StreamException>(
            () => StreamExec.RunAsync(_running.Container, ["/no/such/program"], false, _client.Streams(), _gone.Token));
        Assert.Contains(_running.Container.Id, error.Message, StringComparison.Ordinal);
        Assert.Contains("/no/such/program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ContainerHasExited_SaysSo()
    {
        _running.Container.Update(record => record with { FinishedAt = 3 });
        var error = await Assert.ThrowsAsync<StreamException>(() => RunAsync("true"));
        Assert.Contains("CONTAINER_EXITED", error.Message, StringComparison.Ordinal);
    }

    private Task<int> RunAsync(string script, bool stdin = false, bool tty = false) =>
        StreamExec.RunAsync(_running.Container, ["/bin/sh", "-c", script], tty, _client.Streams(stdin, tty), _gone.Token).WaitAsync(_patience);

    private async Task WaitUntilAloneAsync()
    {
        for (var until = DateTime.UtcNow + _patience; await _running.ProcessCountAsync() > 1; await Task.Delay(10))
        {
            Assert.True(DateTime.UtcNow < until, "the command's processes are still there");
        }
    }
}
