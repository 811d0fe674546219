using System.Net;
using System.Net.Sockets;
using System.Text;
using Cri.Testing.Streaming;
using Xunit;

namespace Cri.Streaming.Tests.PortForwards;

public sealed class PortForwardTests : IAsyncLifetime, IDisposable
{
    private const string Protocol = "portforward.k8s.io";
    private readonly TestServer _server = TestServer.Start();
    private readonly TcpListener _pod = new(IPAddress.Loopback, 0);

    private int Port => ((IPEndPoint)_pod.LocalEndpoint).Port;

    public Task InitializeAsync()
    {
        _pod.Start();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _pod.Dispose();

    [Fact]
    public async Task Forward_ManyAtOnce_EachGetsItsOwnAnswerAfterItsOwnEnd()
    {
        _ = AnswerWithLengthAsync();
        await using var client = await SpdyClient.ConnectAsync(Url(), Protocol);

        var answers = await Task.WhenAll(Enumerable.Range(1, 40).Select(async number =>
        {
            var (data, error) = await OpenAsync(client, $"{number}", Port);
            await data.WriteAsync(new byte[number * 10_000]);
            await data.FinishAsync();
            var answer = Encoding.ASCII.GetString(await data.ReadToEndAsync());
            return (Sent: number * 10_000, Answer: answer, Error: await error.ReadToEndAsync());
        }));

        Assert.All(answers, forward => Assert.Equal($"{forward.Sent}", forward.Answer));
        Assert.All(answers, forward => Assert.Empty(forward.Error));
    }

    [Fact]
    public async Task Forward_PodEndsItsDirectionFirst_TakesWhatTheClientStillSends()
    {
        var received = PodReadsAfterItsEndAsync();
        await using var client = await SpdyClient.ConnectAsync(Url(), Protocol);
        var (data, _) = await OpenAsync(client, "0", Port);

        Assert.Equal("bye"u8.ToArray(), await data.ReadToEndAsync());
        await data.WriteAsync("and one more thing"u8.ToArray());
        await data.FinishAsync();

        Assert.Equal("and one more thing", await received);
    }

    [Fact]
    public async Task Forward_NobodyListens_TellsSoOnItsErrorStreamAlone()
    {
        _ = AnswerWithLengthAsync();
        await using var client = await SpdyClient.ConnectAsync(Url(), Protocol);
        var (failed, error) = await OpenAsync(client, "1", 1);

        Assert.Contains("nobody listens at 1", Encoding.UTF8.GetString(await error.ReadToEndAsync()));
        Assert.Empty(await failed.ReadToEndAsync());
        var (data, _) = await OpenAsync(client, "2", Port);
        await data.FinishAsync();
        Assert.Equal("0"u8.ToArray(), await data.ReadToEndAsync());
    }

    [Fact]
    public async Task Forward_ClientResets_ClosesThePodsConnection()
    {
        await using var client = await SpdyClient.ConnectAsync(Url(), Protocol);
        var (data, _) = await OpenAsync(client, "1", Port);
        using var pod = await _pod.AcceptSocketAsync();

        await data.ResetAsync();

        Assert.Equal(0, await ReceiveAsync(pod).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Theory]
    [InlineData("data", "0")]
    [InlineData("data", "65536")]
    [InlineData("data", "http")]
    [InlineData("other", "80")]
    public async Task Forward_WrongHeaders_RefuseTheStream(string type, string port)
    {
        await using var client = await SpdyClient.ConnectAsync(Url(), Protocol);

        var stream = await client.BeginAsync(("streamtype", type), ("port", port), ("requestid", "1"));

        Assert.Equal(3u, await stream.Reset);
    }

    [Fact]
    public async Task Forward_ChannelsOfAWebSocket_BeginWithThePort()
    {
        _ = EchoAsync();
        await using var client = await ChannelClient.ConnectAsync(new Uri($"{Url()}?port={Port}&port=1"), "v4.channel.k8s.io");
        byte[] port = [(byte)Port, (byte)(Port >> 8)];

        Assert.Equal(port, await client.ReadAsync(0));
        Assert.Equal(port, await client.ReadAsync(1));
        Assert.Equal([1, 0], await client.ReadAsync(2));
        Assert.Equal([1, 0], await client.ReadAsync(3));
        Assert.Contains("nobody listens at 1", Encoding.UTF8.GetString((await client.ReadAsync(3))!));
        await client.WriteAsync(0, "hello"u8.ToArray());
        Assert.Equal("hello"u8.ToArray(), await client.ReadAsync(0));
    }

    [Fact]
    public async Task Forward_WebSocketWithoutPorts_IsABadRequest()
    {
        var url = Url();
        using var connection = await StreamingConnection.OpenAsync(url);

        var head = await connection.RequestAsync($"GET {url.PathAndQuery} HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket");

        Assert.StartsWith("HTTP/1.1 400 ", head);
    }

    // How far the forwarding had come decides whether the pod sees an end or, as from the client itself, a reset.
    private static async Task<int> ReceiveAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1]);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private static async Task<(SpdyClientStream Data, SpdyClientStream Error)> OpenAsync(SpdyClient client, string id, int port)
    {
        (string, string)[] Headers(string type) => [("streamtype", type), ("port", $"{port}"), ("requestid", id)];
        var error = await client.OpenAsync(Headers("error"));
        await error.FinishAsync();
        return (await client.OpenAsync(Headers("data")), error);
    }

    private Uri Url() => _server.Server.Register(new PortForwardRequest([], async (port, cancelled) =>
    {
        if (port == 1)
        {
            throw new StreamException("nobody listens at 1");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, cancelled);
        return socket;
    }));

    private async Task AnswerWithLengthAsync()
    {
        while (true)
        {
            var socket = await _pod.AcceptSocketAsync();
            _ = Task.Run(async () =>
            {
                var length = 0;
                var buffer = new byte[64 * 1024];
                while (await socket.ReceiveAsync(buffer) is var count && count > 0)
                {
                    length += count;
                }

                await socket.SendAsync(Encoding.ASCII.GetBytes($"{length}"));
                socket.Dispose();
            });
        }
    }

    private async Task EchoAsync()
    {
        using var stream = new NetworkStream(await _pod.AcceptSocketAsync(), ownsSocket: true);
        await stream.CopyToAsync(stream);
    }

    private async Task<string> PodReadsAfterItsEndAsync()
    {
        using var socket = await _pod.AcceptSocketAsync();
        using var reader = new StreamReader(new NetworkStream(socket));
        await socket.SendAsync("bye"u8.ToArray());
        socket.Shutdown(SocketShutdown.Send);
        return await reader.ReadToEndAsync();
    }
}
