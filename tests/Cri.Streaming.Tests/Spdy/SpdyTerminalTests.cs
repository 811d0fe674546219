using System.Text;
using Cri.Testing.Streaming;
using Xunit;

namespace Cri.Streaming.Tests.Spdy;

public sealed class SpdyTerminalTests : IAsyncLifetime
{
    private const string V4 = "v4.channel.k8s.io";
    private readonly TestServer _server = TestServer.Start();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Exec_InputEnds_OutputComesWholeAndTheStatusIsSuccess()
    {
        await using var client = await SpdyClient.ConnectAsync(_server.Cat(), $"{V4},v3.channel.k8s.io");
        var streams = await OpenAsync(client);
        var input = RandomBytes(3_000_000);
        var output = streams.Stdout.ReadToEndAsync();

        foreach (var piece in input.Chunk(100_000))
        {
            await streams.Stdin.WriteAsync(piece);
        }

        await streams.Stdin.FinishAsync();

        Assert.Equal(input, await output);
        Assert.Contains("\"status\":\"Success\"", Encoding.UTF8.GetString(await streams.Error.ReadToEndAsync()));
        Assert.Equal(0u, await client.GoAway);
        Assert.Contains($"X-Stream-Protocol-Version: {V4}\r\n", client.Head);
    }

    [Fact]
    public async Task Exec_ExitCode_IsACauseInTheStatus()
    {
        await using var client = await SpdyClient.ConnectAsync(_server.Exec((_, _) => Task.FromResult(42)), V4);
        var streams = await OpenAsync(client);

        var status = Encoding.UTF8.GetString(await streams.Error.ReadToEndAsync());

        Assert.Contains("\"reason\":\"NonZeroExitCode\"", status);
        Assert.Contains("{\"reason\":\"ExitCode\",\"message\":\"42\"}", status);
    }

    [Theory]
    [InlineData("v3.channel.k8s.io")]
    [InlineData("v2.channel.k8s.io")]
    [InlineData("channel.k8s.io")]
    [InlineData(null)]
    public async Task Exec_OlderSubprotocols_TellAFailureInPlainText(string? protocol)
    {
        await using var client = await SpdyClient.ConnectAsync(_server.Exec((_, _) => throw new StreamException("no such thing")), protocol);
        var streams = await OpenAsync(client);

        Assert.Equal("Internal error occurred: no such thing", Encoding.UTF8.GetString(await streams.Error.ReadToEndAsync()));
        Assert.Empty(await streams.Stdout.ReadToEndAsync());
    }

    [Fact]
    public async Task Exec_Resizes_ComeInOrderAndEndWithTheStream()
    {
        var seen = new List<TerminalSize>();
        var url = _server.Exec(
            async (streams, gone) =>
            {
                await foreach (var size in streams.Resizes.ReadAllAsync(gone))
                {
                    seen.Add(size);
                    await streams.Stdout!.WriteAsync(new byte[] { 1 }, gone);
                }

                return 0;
            },
            tty: true);
        await using var client = await SpdyClient.ConnectAsync(url, V4);
        var error = await client.OpenAsync("error");
        await client.OpenAsync("stdin");
        var stdout = await client.OpenAsync("stdout");
        var resize = await client.OpenAsync("resize");

        await resize.WriteAsync("{\"Width\":80,"u8.ToArray());
        await resize.WriteAsync("\"Height\":24}\n{\"Width\":0,\"Height\":0}"u8.ToArray());
        await stdout.ReadAsync();
        await resize.WriteAsync("{\"Width\":100,\"Height\":50}"u8.ToArray());
        await stdout.ReadAsync();
        await resize.FinishAsync();
        await error.ReadToEndAsync();

        Assert.Equal([new TerminalSize(80, 24), new TerminalSize(100, 50)], seen);
    }

    [Fact]
    public async Task Exec_ClientEndsItsDirectionOfTheConnection_StillGetsTheOutput()
    {
        await using var client = await SpdyClient.ConnectAsync(_server.Cat(7), V4);
        var streams = await OpenAsync(client);
        await streams.Stdin.WriteAsync("late"u8.ToArray());

        client.Shutdown();

        Assert.Equal("late"u8.ToArray(), await streams.Stdout.ReadToEndAsync());
        Assert.Contains("\"message\":\"7\"", Encoding.UTF8.GetString(await streams.Error.ReadToEndAsync()));
    }

    [Fact]
    public async Task Exec_ClientDisappears_CancelsTheProcess()
    {
        var cancelled = new TaskCompletionSource();
        var client = await SpdyClient.ConnectAsync(
            _server.Exec(async (_, gone) =>
            {
                try
                {
                    await Task.Delay(Timeout.Infinite, gone);
                }
                finally
                {
                    cancelled.SetResult();
                }

                return 0;
            }),
            V4);
        await OpenAsync(client);

        await client.DisposeAsync();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Exec_ClientNeverReads_TheWriterWaits()
    {
        var written = 0L;
        var stuck = new TaskCompletionSource();
        var url = _server.Exec(async (streams, gone) =>
        {
            var bytes = new byte[64 * 1024];
            while (true)
            {
                var write = streams.Stdout!.WriteAsync(bytes, gone).AsTask();
                if (await Task.WhenAny(write, Task.Delay(2000, gone)) != write)
                {
                    stuck.TrySetResult();
                }

                await write;
                written += bytes.Length;
            }
        });
        var client = await SpdyClient.ConnectAsync(url, V4, reads: false);
        foreach (var type in new[] { "error", "stdin", "stdout", "stderr" })
        {
            await client.BeginAsync(("streamtype", type));
        }

        await stuck.Task.WaitAsync(TimeSpan.FromSeconds(60));

        // What the kernel keeps for a connection, and nothing of ours.
        Assert.InRange(written, 0, 64L * 1024 * 1024);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task Exec_NobodyReadsStdin_TheClientIsHeldBack()
    {
        var release = new TaskCompletionSource();
        var url = _server.Exec(async (streams, gone) =>
        {
            await release.Task;
            var count = 0;
            var buffer = new byte[256 * 1024];
            while (await streams.Stdin!.ReadAsync(buffer, gone) is var read && read > 0)
            {
                count += read;
            }

            await streams.Stdout!.WriteAsync(Encoding.ASCII.GetBytes($"{count}"), gone);
            return 0;
        });
        await using var client = await SpdyClient.ConnectAsync(url, V4);
        var streams = await OpenAsync(client);
        const int Megabytes = 48;
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < Megabytes; sent++)
            {
                await streams.Stdin.WriteAsync(new byte[1024 * 1024]);
            }

            await streams.Stdin.FinishAsync();
        });

        Assert.NotSame(sending, await Task.WhenAny(sending, Task.Delay(1500)));
        Assert.InRange(sent, 0, Megabytes - 1);
        release.SetResult();

        Assert.Equal($"{Megabytes * 1024 * 1024}", Encoding.ASCII.GetString(await streams.Stdout.ReadToEndAsync()));
        Assert.Contains(streams.Stdin.Id, client.WindowUpdates);
        Assert.Contains(0u, client.WindowUpdates);
    }

    [Fact]
    public async Task Stop_RunningExec_TellsItsClient()
    {
        var server = TestServer.Start();
        var runs = new TaskCompletionSource();
        var url = server.Exec(async (_, gone) =>
        {
            runs.SetResult();
            await Task.Delay(Timeout.Infinite, gone);
            return 0;
        });
        await using var client = await SpdyClient.ConnectAsync(url, V4);
        var streams = await OpenAsync(client);
        await runs.Task;

        await server.DisposeAsync();

        Assert.Contains("stopping", Encoding.UTF8.GetString(await streams.Error.ReadToEndAsync()));
    }

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(5).NextBytes(bytes);
        return bytes;
    }

    private static async Task<(SpdyClientStream Error, SpdyClientStream Stdin, SpdyClientStream Stdout, SpdyClientStream Stderr)> OpenAsync(SpdyClient client) =>
        (await client.OpenAsync("error"), await client.OpenAsync("stdin"), await client.OpenAsync("stdout"), await client.OpenAsync("stderr"));
}
