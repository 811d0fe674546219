using System.Net.WebSockets;
using System.Text;
using Cri.Testing.Streaming;
using Xunit;

namespace Cri.Streaming.Tests.WebSockets;

public sealed class WebSocketTerminalTests : IAsyncLifetime
{
    private const string V5 = "v5.channel.k8s.io";
    private readonly TestServer _server = TestServer.Start();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Exec_V5_InputEndsAndTheOutputComesWhole()
    {
        await using var client = await ChannelClient.ConnectAsync(_server.Cat(3), V5, "v4.channel.k8s.io");
        var input = new byte[3_000_000];
        new Random(6).NextBytes(input);
        var output = client.ReadToEndAsync(1);

        foreach (var piece in input.Chunk(70_000))
        {
            await client.WriteAsync(0, piece);
        }

        await client.FinishAsync(0);

        Assert.Equal(V5, client.Protocol);
        Assert.Equal(input, await output);
        Assert.Contains("\"message\":\"3\"", Encoding.UTF8.GetString(await client.ReadToEndAsync(3)));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Theory]
    [InlineData("v4.channel.k8s.io", true)]
    [InlineData("v4.base64.channel.k8s.io", true)]
    [InlineData("channel.k8s.io", false)]
    [InlineData("base64.channel.k8s.io", false)]
    [InlineData(null, false)]
    public async Task Exec_Subprotocols_CarryBytesAndTellTheEnd(string? protocol, bool asStatus)
    {
        var url = _server.Exec(async (streams, gone) =>
        {
            var buffer = new byte[100];
            await streams.Stdin!.ReadExactlyAsync(buffer, gone);
            await streams.Stdout!.WriteAsync(buffer, gone);
            await streams.Stderr!.WriteAsync(buffer.AsMemory(0, 1), gone);
            throw new StreamException("enough");
        });
        await using var client = await ChannelClient.ConnectAsync(url, protocol is null ? [] : [protocol]);
        byte[] input = [.. Enumerable.Range(100, 100).Select(i => (byte)i)];

        await client.WriteAsync(0, input[..41]);
        await client.WriteAsync(0, input[41..]);

        Assert.Equal(input, await client.ReadToEndAsync(1));
        Assert.Equal(input[..1], await client.ReadToEndAsync(2));
        var end = Encoding.UTF8.GetString(await client.ReadToEndAsync(3));
        Assert.Equal(asStatus, end.StartsWith('{'));
        Assert.Contains("enough", end);
        Assert.Equal(protocol, client.Protocol);
    }

    [Fact]
    public async Task Exec_ClientCloses_CancelsTheProcess()
    {
        var cancelled = new TaskCompletionSource();
        var url = _server.Exec(async (_, gone) =>
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
        });

        await (await ChannelClient.ConnectAsync(url, V5)).DisposeAsync();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Exec_ConnectionEndsWithoutAClose_OutputStillComes()
    {
        using var connection = await UpgradeAsync(_server.Cat(), V5);
        await connection.Stream.WriteAsync(Masked(0x82, [0, (byte)'x']));

        connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        var all = new MemoryStream();
        await connection.Stream.CopyToAsync(all);
        Assert.True(all.ToArray().AsSpan().IndexOf(new byte[] { 0x82, 2, 1, (byte)'x' }) >= 0);
        Assert.True(all.ToArray().AsSpan().IndexOf("Success"u8) >= 0);
        Assert.True(all.ToArray().AsSpan().EndsWith(new byte[] { 0x88, 2, 0x03, 0xe8 }));
    }

    [Fact]
    public async Task Frames_FragmentedMessageAndPingWithin_AreOneMessageAndAPong()
    {
        using var connection = await UpgradeAsync(_server.Cat(), V5);

        await connection.Stream.WriteAsync((byte[])
        [
            .. Masked(0x02, [0, (byte)'a']), .. Masked(0x89, "hey"u8.ToArray()), .. Masked(0x00, []), .. Masked(0x80, "bc"u8.ToArray()),
            .. Masked(0x82, [255, 0]),
        ]);

        var all = new MemoryStream();
        await connection.Stream.CopyToAsync(all).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(all.ToArray().AsSpan().IndexOf(new byte[] { 0x8a, 3, (byte)'h', (byte)'e', (byte)'y' }) >= 0);
        Assert.True(all.ToArray().AsSpan().IndexOf("Success"u8) >= 0);
    }

    [Theory]
    [InlineData(new byte[] { 0x82, 0x01, 0 }, true)] // not masked
    [InlineData(new byte[] { 0xc2, 0x80, 0, 0, 0, 0 }, false)] // a reserved bit
    [InlineData(new byte[] { 0x83, 0x80, 0, 0, 0, 0 }, false)] // an unknown kind
    [InlineData(new byte[] { 0x80, 0x80, 0, 0, 0, 0 }, false)] // a continuation of nothing
    [InlineData(new byte[] { 0x09, 0x80, 0, 0, 0, 0 }, false)] // a fragmented ping
    [InlineData(new byte[] { 0x89, 0xfe, 0, 126, 0, 0, 0, 0 }, false)] // a ping that is too long
    [InlineData(new byte[] { 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, false)] // a length of 64 bits
    [InlineData(new byte[] { 0x82, 0x81, 0, 0, 0, 0, 255 }, false)] // a close signal without a channel
    public async Task Frame_Malformed_ClosesTheWebSocketWithAProtocolError(byte[] frame, bool lacksMask)
    {
        using var connection = await UpgradeAsync(_server.Cat(), V5);

        await connection.Stream.WriteAsync(lacksMask ? [.. frame, 0, 0, 0, 0] : frame);

        var all = new MemoryStream();
        await connection.Stream.CopyToAsync(all).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(all.ToArray().AsSpan().IndexOf(new byte[] { 0x88, 2, 0x03, 0xea }) >= 0, Convert.ToHexString(all.ToArray()));
    }

    private static async Task<StreamingConnection> UpgradeAsync(Uri url, string protocol)
    {
        var connection = await StreamingConnection.OpenAsync(url);
        var head = await connection.RequestAsync(
            $"GET {url.PathAndQuery} HTTP/1.1",
            "Connection: keep-alive, Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            $"Sec-WebSocket-Protocol: {protocol}");
        Assert.StartsWith("HTTP/1.1 101 ", head);

        // The example of RFC 6455, section 1.3.
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head);
        return connection;
    }

    private static byte[] Masked(byte first, byte[] payload)
    {
        byte[] mask = [1, 2, 3, 4];
        return [first, (byte)(0x80 | payload.Length), .. mask, .. payload.Select((value, i) => (byte)(value ^ mask[i & 3]))];
    }
}
