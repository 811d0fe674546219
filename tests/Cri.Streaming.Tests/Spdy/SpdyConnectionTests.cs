using System.Text;
using Cri.Testing.Pods;
using Cri.Testing.Streaming;
using Xunit;

namespace Cri.Streaming.Tests.Spdy;

public sealed class SpdyConnectionTests : IAsyncLifetime
{
    private const ushort Settings = 4;
    private const ushort Ping = 6;
    private const ushort WindowUpdate = 9;
    private const uint InitialWindow = 7;

    private readonly TestServer _server = TestServer.Start();
    private SpdyClient _client = null!;

    public async Task InitializeAsync() => _client = await SpdyClient.ConnectAsync(_server.Cat(), "v4.channel.k8s.io");

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Ping_OddNumber_IsAnswered()
    {
        await _client.SendControlAsync(Ping, SpdyClient.Words(17));

        await Eventually.HoldsAsync(() => _client.Pings.Contains(17u), "the ping is answered");
    }

    [Fact]
    public async Task SynStream_UnknownType_IsRefusedAlone()
    {
        var stream = await _client.BeginAsync(("streamtype", "telepathy"));

        Assert.Equal(3u, await stream.Reset);
        await AssertServesAsync();
    }

    [Fact]
    public async Task SynStream_HeaderInUpperCase_IsResetAlone()
    {
        var stream = await _client.BeginAsync(("StreamType", "stdin"));

        Assert.Equal(1u, await stream.Reset);
        await AssertServesAsync();
    }

    [Fact]
    public async Task SynStream_SecondOfItsType_IsRefused()
    {
        await _client.OpenAsync("stdin");

        Assert.Equal(3u, await (await _client.BeginAsync(("streamtype", "stdin"))).Reset);
    }

    [Fact]
    public async Task Data_StreamThatNeverWas_IsReset()
    {
        await _client.SendAsync([.. SpdyClient.Words(99, 1), 1]);

        await AssertServesAsync();
    }

    [Fact]
    public async Task Data_AfterFin_ResetsTheStreamAlone()
    {
        var stdin = await _client.OpenAsync("stdin");
        await stdin.FinishAsync();
        await stdin.WriteAsync(new byte[] { 1 });

        Assert.Equal(9u, await stdin.Reset);
    }

    [Fact]
    public async Task Rst_StdoutWhileRunning_LeavesTheOthers()
    {
        var error = await _client.OpenAsync("error");
        var stdin = await _client.OpenAsync("stdin");
        var stdout = await _client.OpenAsync("stdout");
        await _client.OpenAsync("stderr");
        await stdin.WriteAsync("a"u8.ToArray());
        await stdout.ReadAsync();

        await stdout.ResetAsync();
        await stdin.WriteAsync("b"u8.ToArray());
        await stdin.FinishAsync();

        Assert.Contains("\"status\":", Encoding.UTF8.GetString(await error.ReadToEndAsync()));
    }

    [Theory]
    [InlineData(new byte[] { 0x80, 0x02, 0, 1, 0, 0, 0, 0 })] // SPDY/2
    [InlineData(new byte[] { 0x80, 0x03, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1 })] // SYN_STREAM too short
    [InlineData(new byte[] { 0x80, 0x03, 0, 1, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x78, 0xbb, 1, 2, 3, 4 })] // headers that start wrongly
    [InlineData(new byte[] { 0x80, 0x03, 0, 4, 0, 0, 0, 4, 0, 0, 0, 9 })] // SETTINGS with more entries than it is long
    [InlineData(new byte[] { 0x80, 0x03, 0, 1, 0, 1, 0, 1 })] // a control frame of more than 64 KiB
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 1, 1 })] // data of stream 0
    public async Task Frame_MakesTheRestUnreadable_EndsTheConnectionWithGoAway(byte[] frame)
    {
        await _client.SendAsync(frame);

        Assert.Equal(1u, await _client.GoAway);
        await _client.Ended.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Settings_SmallWindow_IsKeptTo()
    {
        await _client.SendControlAsync(Settings, SpdyClient.Words(1, InitialWindow, 1000));
        await _client.OpenAsync("error");
        var stdin = await _client.OpenAsync("stdin");
        var stdout = await _client.OpenAsync("stdout");
        await _client.OpenAsync("stderr");

        await stdin.WriteAsync(new byte[2500]);
        Assert.Equal(1000, (await stdout.ReadAsync())!.Length);
        var next = stdout.ReadAsync();
        Assert.NotSame(next, await Task.WhenAny(next, Task.Delay(300)));

        await _client.SendControlAsync(WindowUpdate, SpdyClient.Words(stdout.Id, 600));
        Assert.Equal(600, (await next)!.Length);

        await _client.SendControlAsync(WindowUpdate, SpdyClient.Words(stdout.Id, 5000));
        Assert.Equal(900, (await stdout.ReadAsync())!.Length);
    }

    [Fact]
    public async Task WindowUpdate_BeyondTheLargest_ResetsTheStream()
    {
        await _client.OpenAsync("error");
        var stdout = await _client.OpenAsync("stdout");

        await _client.SendControlAsync(WindowUpdate, SpdyClient.Words(stdout.Id, 0x7fffffff));

        Assert.Equal(7u, await stdout.Reset);
    }

    private async Task AssertServesAsync()
    {
        var error = await _client.OpenAsync("error");
        var stdin = await _client.OpenAsync("stdin");
        var stdout = await _client.OpenAsync("stdout");
        await _client.OpenAsync("stderr");
        await stdin.WriteAsync("still here"u8.ToArray(), fin: true);

        Assert.Equal("still here"u8.ToArray(), await stdout.ReadToEndAsync());
        await error.ReadToEndAsync();
    }
}
