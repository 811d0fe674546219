using System.Globalization;
using System.Text.RegularExpressions;
using Cri.RuntimeService.Attaches;
using Cri.Streaming;
using Xunit;

namespace Cri.RuntimeService.Tests.Attaches;

public sealed class ContainerAttachTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly CancellationTokenSource _gone = new();
    private readonly TerminalClient _client = new();
    private RunningPod _pod = null!;

    public async Task InitializeAsync() => _pod = await RunningPod.StartAsync();

    public async Task DisposeAsync()
    {
        await _pod.DisposeAsync();
    }

    public void Dispose() => _gone.Dispose();

    [Fact]
    public async Task Run_ContainerEnds_ClientGetsEverythingToTheLastByte()
    {
        await using var running = await RunningContainer.StartAsync(
            _pod, "echo before; read x; seq 1 20000; echo err >&2; exit 3", new V1.ContainerConfig { Stdin = true });
        await LoggedAsync(running, "before");
        var attach = AttachAsync(running, _client, stdin: true);
        _client.Stdin.Type("go\n");
        Assert.Equal(0, await attach);
        Assert.Equal(string.Concat(Enumerable.Range(1, 20000).Select(i => $"{i}\n")), _client.Stdout.Text);
        Assert.Equal("err\n", _client.Stderr.Text);
        Assert.Equal(3u, (await running.WaitAsync()).ExitStatus);
    }

    [Fact]
    public async Task Run_TwoClients_BothSeeEverythingAndBothMayType()
    {
        await using var running = await RunningContainer.StartAsync(
            _pod, "read a; echo got $a; read b; echo got $b", new V1.ContainerConfig { Stdin = true });
        var other = new TerminalClient();
        var attaches = Task.WhenAll(AttachAsync(running, _client, stdin: true), AttachAsync(running, other, stdin: true));
        _client.Stdin.Type("one\n");
        await other.Stdout.WaitForAsync("got one\n");
        other.Stdin.Type("two\n");
        await attaches;
        Assert.Equal("got one\ngot two\n", _client.Stdout.Text);
        Assert.Equal("got one\ngot two\n", other.Stdout.Text);
    }

    [Fact]
    public async Task Run_ClientThatDoesNotRead_StallsNeitherContainerNorLogAndIsToldWhatItMissed()
    {
        const int Lines = 250_000;
        await using var running = await RunningContainer.StartAsync(
            _pod, $"read x; seq 1 {Lines}", new V1.ContainerConfig { Stdin = true });
        _client.Stdout.StopReading();
        var attach = AttachAsync(running, _client, stdin: true);
        _client.Stdin.Type("go\n");
        Assert.Equal(0u, (await running.WaitAsync()).ExitStatus);
        var all = string.Concat(Enumerable.Range(1, Lines).Select(i => $"{i}\n"));
        Assert.Equal(all, running.LogText());
        Assert.False(attach.IsCompleted);
        _client.Stdout.ReadOn();
        Assert.Equal(0, await attach);
        var told = Regex.Matches(_client.Stderr.Text, @"crisp: (\d+) bytes of output were left out here");
        var missed = Assert.Single(told).Groups[1].Value;
        Assert.StartsWith(_client.Stdout.Text, all, StringComparison.Ordinal);
        Assert.Equal(all.Length, _client.Stdout.Length + long.Parse(missed, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Run_InputClosedWithStdinOnce_ContainerSeesItsEndThoughAnotherClientIsThere()
    {
        await using var running = await RunningContainer.StartAsync(
            _pod, "cat; echo over", new V1.ContainerConfig { Stdin = true, StdinOnce = true });
        var attaches = Task.WhenAll(AttachAsync(running, _client, stdin: true), AttachAsync(running, new TerminalClient(), stdin: true));
        _client.Stdin.Type("hello\n");
        _client.Stdin.End();
        await attaches;
        Assert.Equal("hello\nover\n", _client.Stdout.Text);
    }

    [Fact]
    public async Task Run_InputClosedWithoutStdinOnce_DetachesAndLeavesTheInputOpen()
    {
        await using var running = await RunningContainer.StartAsync(
            _pod, "while read x; do echo got $x; done", new V1.ContainerConfig { Stdin = true });
        var attach = AttachAsync(running, _client, stdin: true);
        _client.Stdin.Type("one\n");
        await _client.Stdout.WaitForAsync("got one\n");
        _client.Stdin.End();
        Assert.Equal(0, await attach);
        var next = new TerminalClient();
        var again = AttachAsync(running, next, stdin: true);
        next.Stdin.Type("two\n");
        await next.Stdout.WaitForAsync("got two\n");
        Assert.Equal("got two\n", next.Stdout.Text);
        await _gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
    }

    [Fact]
    public async Task Run_ServerStartedAgain_AttachesToWhatRuns()
    {
        await using var running = await RunningContainer.StartAsync(
            _pod, "while read x; do echo got $x; done", new V1.ContainerConfig { Stdin = true });
        var attach = AttachAsync(running, _client, stdin: true);
        _client.Stdin.Type("one\n");
        await _client.Stdout.WaitForAsync("got one\n");
        await running.ReconnectAsync();
        var next = new TerminalClient();
        var again = AttachAsync(running, next, stdin: true);
        next.Stdin.Type("two\n");
        await next.Stdout.WaitForAsync("got two\n");
        await _gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attach);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
    }

    [Fact]
    public async Task Run_Terminal_CarriesInputOutputAndSize()
    {
        await using var running = await RunningContainer.StartAsync(
            _pod, "stty -echo; read x; stty size; echo err >&2", new V1.ContainerConfig { Stdin = true, Tty = true });
        _client.Resize(99, 55);
        var attach = AttachAsync(running, _client, stdin: true, tty: true);
        await SizedAsync(running, "55 99");
        _client.Stdin.Type("go\n");
        Assert.Equal(0, await attach);
        Assert.EndsWith("55 99\r\nerr\r\n", _client.Stdout.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_InputOfAContainerWithout_IsRefused()
    {
        await using var running = await RunningContainer.StartAsync(_pod, "sleep 1000");
        var error = await Assert.ThrowsAsync<StreamException>(() => AttachAsync(running, _client, stdin: true));
        Assert.Contains("created without standard input", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ContainerHasEnded_IsRefused()
    {
        await using var running = await RunningContainer.StartAsync(_pod, "true");
        await running.WaitAsync();
        var error = await Assert.ThrowsAsync<StreamException>(() => AttachAsync(running, _client));
        Assert.Contains(running.Container.Id, error.Message, StringComparison.Ordinal);
        running.Container.Update(record => record with { FinishedAt = 3 });
        error = await Assert.ThrowsAsync<StreamException>(() => AttachAsync(running, _client));
        Assert.Contains("CONTAINER_EXITED", error.Message, StringComparison.Ordinal);
    }

    private Task<int> AttachAsync(RunningContainer running, TerminalClient client, bool stdin = false, bool tty = false) =>
        ContainerAttach.RunAsync(running.Container, tty, client.Streams(stdin, tty), _gone.Token).WaitAsync(_patience);

    private static async Task LoggedAsync(RunningContainer running, string text)
    {
        for (var until = DateTime.UtcNow + _patience; !running.LogText().Contains(text, StringComparison.Ordinal); await Task.Delay(10))
        {
            Assert.True(DateTime.UtcNow < until, $"the log never had \"{text}\"");
        }
    }

    // The size of the container's terminal, asked by an exec that opens it.
    private static async Task SizedAsync(RunningContainer running, string size)
    {
        for (var until = DateTime.UtcNow + _patience; ; await Task.Delay(10))
        {
            var client = new TerminalClient();
            await Cri.RuntimeService.Execs.StreamExec.RunAsync(
                running.Container, ["/bin/sh", "-c", "stty size < /proc/1/fd/0"], false, client.Streams(), CancellationToken.None);
            if (client.Stdout.Text.Trim() == size)
            {
                return;
            }

            Assert.True(DateTime.UtcNow < until, $"the terminal's size stays {client.Stdout.Text}{client.Stderr.Text}");
        }
    }
}
