using System.Net.Sockets;
using System.Text;
using Cri.Api.V1;
using Cri.Testing.Pods;
using Cri.Testing.Streaming;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>Exec, Attach and PortForward, with clients of both wires.</summary>
public sealed class StreamingTests(PodFixture fixture) : ConformanceTest, IClassFixture<PodFixture>
{
    private const string Spdy = "v4.channel.k8s.io";
    private const string WebSocket = "v5.channel.k8s.io";
    private const string Forward = "portforward.k8s.io";

    private TestPod Pod => fixture.Pod;

    [Fact]
    public async Task Exec_OverSpdy_CarriesAllStreamsAndTheCode()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);
        await using var client = await SpdyClient.ConnectAsync(await ExecAsync(container, "md5sum; echo err >&2; exit 3"), Spdy);
        var error = await client.OpenAsync("error");
        var stdin = await client.OpenAsync("stdin");
        var stdout = await client.OpenAsync("stdout");
        var stderr = await client.OpenAsync("stderr");

        await stdin.WriteAsync(new byte[2_000_000]);
        await stdin.FinishAsync();

        Assert.Equal("6bde2aa6394fde37e21748bc0578113b", Encoding.ASCII.GetString(await stdout.ReadToEndAsync())[..32], ignoreCase: true);
        Assert.Equal("err\n", Encoding.ASCII.GetString(await stderr.ReadToEndAsync()));
        Assert.Contains("{\"reason\":\"ExitCode\",\"message\":\"3\"}", Encoding.ASCII.GetString(await error.ReadToEndAsync()));
    }

    [CrispdFact]
    public async Task Exec_OverAWebSocket_CarriesAllStreamsAndTheCode()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);
        await using var client = await ChannelClient.ConnectAsync(await ExecAsync(container, "wc -c; echo err >&2; exit 4"), WebSocket);

        await client.WriteAsync(0, new byte[100_000]);
        await client.FinishAsync(0);

        Assert.Equal("100000\n", Encoding.ASCII.GetString(await client.ReadToEndAsync(1)));
        Assert.Equal("err\n", Encoding.ASCII.GetString(await client.ReadToEndAsync(2)));
        Assert.Contains("\"message\":\"4\"", Encoding.ASCII.GetString(await client.ReadToEndAsync(3)));
    }

    [Fact]
    public async Task Exec_WithATerminal_IsResized()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);
        var url = await ExecAsync(container, "tty; read line; echo \"got $line\"; until stty size | grep '^22 77'; do sleep 0.05; done", tty: true);
        await using var client = await SpdyClient.ConnectAsync(url, Spdy);
        var error = await client.OpenAsync("error");
        var stdin = await client.OpenAsync("stdin");
        var stdout = await client.OpenAsync("stdout");
        var resize = await client.OpenAsync("resize");

        await resize.WriteAsync("{\"Width\":101,\"Height\":33}"u8.ToArray());
        await UntilAsync(stdout, "/dev/pts/");
        await stdin.WriteAsync("x\n"u8.ToArray());
        await UntilAsync(stdout, "got x");
        await resize.WriteAsync("{\"Width\":77,\"Height\":22}"u8.ToArray());
        var rest = Encoding.ASCII.GetString(await stdout.ReadToEndAsync());

        Assert.Contains("22 77", rest);
        Assert.Contains("Success", Encoding.ASCII.GetString(await error.ReadToEndAsync()));
    }

    [Fact]
    public async Task Exec_UrlUsedTwice_IsNotFound()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);
        var url = await ExecAsync(container, "true");
        await using var client = await SpdyClient.ConnectAsync(url, Spdy);

        var error = await Assert.ThrowsAsync<IOException>(() => SpdyClient.ConnectAsync(url, Spdy));

        Assert.StartsWith("HTTP/1.1 404 ", error.Message);
    }

    [Fact]
    public async Task Exec_WrongRequests_AreRefused()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);
        var created = await Pod.CreateAsync(["sleep", "1000"]);
        var both = new ExecRequest { ContainerId = container.Id, Cmd = { "true" }, Stdout = true, Stderr = true, Tty = true };
        var none = new ExecRequest { ContainerId = container.Id, Cmd = { "true" } };
        var unknown = new ExecRequest { ContainerId = "unknown", Cmd = { "true" }, Stdout = true };
        var empty = new ExecRequest { ContainerId = container.Id, Stdout = true };
        var notRunning = new ExecRequest { ContainerId = created.Id, Cmd = { "true" }, Stdout = true };

        await FailsAsync(StatusCode.InvalidArgument, container.Id, async () => await Cri.Runtime.ExecAsync(both));
        await FailsAsync(StatusCode.InvalidArgument, container.Id, async () => await Cri.Runtime.ExecAsync(none));
        await FailsAsync(StatusCode.NotFound, "unknown", async () => await Cri.Runtime.ExecAsync(unknown));
        if (Cri.Crispd is not null)
        {
            await FailsAsync(StatusCode.InvalidArgument, container.Id, async () => await Cri.Runtime.ExecAsync(empty));
            await FailsAsync(StatusCode.FailedPrecondition, created.Id, async () => await Cri.Runtime.ExecAsync(notRunning));
        }
    }

    [Fact]
    public async Task Attach_WrongRequests_AreRefused()
    {
        var container = await Pod.StartAsync(["sleep", "1000"]);
        var both = new AttachRequest { ContainerId = container.Id, Stdout = true, Stderr = true, Tty = true };
        var none = new AttachRequest { ContainerId = container.Id };
        var unknown = new AttachRequest { ContainerId = "unknown", Stdout = true };

        await FailsAsync(StatusCode.InvalidArgument, container.Id, async () => await Cri.Runtime.AttachAsync(both));
        await FailsAsync(StatusCode.InvalidArgument, container.Id, async () => await Cri.Runtime.AttachAsync(none));
        await FailsAsync(StatusCode.NotFound, "unknown", async () => await Cri.Runtime.AttachAsync(unknown));
    }

    [Fact]
    public async Task Attach_TwoClients_BothSeeTheOutputAndTheLogHasIt()
    {
        var container = await Pod.StartAsync(["cat"], config => config.Stdin = true);
        await using var first = await AttachAsync(container);
        await using var second = await AttachAsync(container);

        // Its streams are open before its output comes: what it says itself shows that it is there.
        await second.Stdin.WriteAsync("here\n"u8.ToArray());
        await UntilAsync(second.Stdout, "here\n");
        await first.Stdin.WriteAsync("hello\n"u8.ToArray());

        await UntilAsync(first.Stdout, "hello\n");
        await UntilAsync(second.Stdout, "hello\n");
        await container.LoggedAsync("hello");
    }

    [CrispdFact]
    public async Task Attach_MoreClientsThanMayBe_AreToldTheLimit()
    {
        const int Most = 32;
        var container = await Pod.StartScriptAsync("while :; do echo tick; sleep 0.1; done", config => config.Stdin = true);
        var clients = await Task.WhenAll(Enumerable.Range(0, Most).Select(_ => AttachAsync(container)));
        await Task.WhenAll(clients.Select(client => UntilAsync(client.Stdout, "tick")));

        await using var refused = await AttachAsync(container);
        var words = Encoding.UTF8.GetString(await refused.Error.ReadToEndAsync());
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        Assert.Contains($"{Most} attached clients are under way, which is the limit", words, StringComparison.Ordinal);
        await container.StopAsync(0);
    }

    [Fact]
    public async Task Attach_StdinOnce_EndsTheContainerAndTheClientIsTold()
    {
        var container = await Pod.StartScriptAsync("while read line; do echo $line; done; echo bye", config =>
        {
            config.Stdin = true;
            config.StdinOnce = true;
        });
        await using var client = await AttachAsync(container);

        await client.Stdin.WriteAsync("last\n"u8.ToArray());
        await client.Stdin.FinishAsync();

        Assert.Equal("last\nbye\n", Encoding.ASCII.GetString(await client.Stdout.ReadToEndAsync()));
        await container.ExitAsync();
    }

    [Fact]
    public async Task PortForward_ManyAtOnce_EachReachesThePod()
    {
        await ServeAsync(Pod, 8080);
        await using var client = await SpdyClient.ConnectAsync(await PortForwardAsync(Pod), Forward);

        await GetManyAsync(client, 8080);
    }

    [CrispdFact]
    public async Task PortForward_OverAWebSocket_ReachesThePod()
    {
        await ServeAsync(Pod, 8081);
        await using var client = await ChannelClient.ConnectAsync(await PortForwardAsync(Pod, 8081), Spdy);

        Assert.Equal([0x91, 0x1f], await client.ReadAsync(0));
        await client.WriteAsync(0, "GET /page HTTP/1.0\r\n\r\n"u8.ToArray());

        Assert.EndsWith("content\n", Encoding.ASCII.GetString(await client.ReadToEndAsync(0)));
    }

    [Fact]
    public async Task PortForward_NobodyListens_TellsSoOnTheErrorStream()
    {
        await using var client = await SpdyClient.ConnectAsync(await PortForwardAsync(Pod), Forward);
        var (_, error) = await OpenAsync(client, 1, 9);

        Assert.Contains("refused", Encoding.UTF8.GetString(await error.ReadToEndAsync()), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task PortForward_OfAPodInTheHostsNetwork_ReachesTheHost()
    {
        var pod = await RunPodAsync(config => config.Linux.SecurityContext.NamespaceOptions.Network = NamespaceMode.Node);
        using var host = new TcpListener(System.Net.IPAddress.Loopback, 0);
        host.Start();
        await using var client = await SpdyClient.ConnectAsync(await PortForwardAsync(pod), Forward);

        var (data, _) = await OpenAsync(client, 1, ((System.Net.IPEndPoint)host.LocalEndpoint).Port);
        _ = GreetAllAsync(host);

        Assert.Equal("from the host", Encoding.ASCII.GetString(await data.ReadToEndAsync()));
    }

    // Everybody: others may come by, who took the port for one without a listener.
    private static async Task GreetAllAsync(TcpListener host)
    {
        while (true)
        {
            using var accepted = await host.AcceptSocketAsync();
            await accepted.SendAsync("from the host"u8.ToArray());
            accepted.Shutdown(SocketShutdown.Send);
        }
    }

    [Fact]
    public async Task PortForward_OfAnUnknownPod_IsNotFound() =>
        await FailsAsync(StatusCode.NotFound, "unknown", async () =>
            await Cri.Runtime.PortForwardAsync(new PortForwardRequest { PodSandboxId = "unknown" }));

    private async Task<Uri> ExecAsync(TestContainer container, string script, bool tty = false)
    {
        var request = new ExecRequest { ContainerId = container.Id, Stdin = true, Stdout = true, Stderr = !tty, Tty = tty };
        request.Cmd.Add(["sh", "-c", script]);
        return new Uri((await Cri.Runtime.ExecAsync(request)).Url);
    }

    private async Task<Uri> PortForwardAsync(TestPod pod, params int[] ports) =>
        new((await Cri.Runtime.PortForwardAsync(new PortForwardRequest { PodSandboxId = pod.Id, Port = { ports } })).Url);

    // On the pool: the server gives a client 30 s for its streams, and the tests have few threads.
    private Task<AttachedClient> AttachAsync(TestContainer container) => Task.Run(async () =>
    {
        var request = new AttachRequest { ContainerId = container.Id, Stdin = true, Stdout = true, Stderr = true };
        var client = await SpdyClient.ConnectAsync(new Uri((await Cri.Runtime.AttachAsync(request)).Url), Spdy);
        var error = await client.OpenAsync("error");
        var stdin = await client.OpenAsync("stdin");
        var stdout = await client.OpenAsync("stdout");
        await client.OpenAsync("stderr");
        return new AttachedClient(client, stdin, stdout, error);
    });

    private static async Task ServeAsync(TestPod pod, int port)
    {
        var container = await pod.StartScriptAsync($"mkdir /tmp/w && echo content > /tmp/w/page && httpd -p {port} -h /tmp/w && sleep 1000");
        await Eventually.GetAsync(
            async () => (await container.ExecAsync(["wget", "-q", "-O", "-", $"http://127.0.0.1:{port}/page"])).ExitCode, code => code == 0, "httpd serves");
    }

    private static async Task GetManyAsync(SpdyClient client, int port)
    {
        var pages = await Task.WhenAll(Enumerable.Range(0, 20).Select(async id =>
        {
            var (data, _) = await OpenAsync(client, id, port);
            await data.WriteAsync("GET /page HTTP/1.0\r\n\r\n"u8.ToArray());
            return Encoding.ASCII.GetString(await data.ReadToEndAsync());
        }));

        Assert.All(pages, page => Assert.EndsWith("content\n", page));
    }

    private static async Task<(SpdyClientStream Data, SpdyClientStream Error)> OpenAsync(SpdyClient client, int id, int port)
    {
        (string, string)[] Headers(string type) => [("streamtype", type), ("port", $"{port}"), ("requestid", $"{id}")];
        var error = await client.OpenAsync(Headers("error"));
        await error.FinishAsync();
        return (await client.OpenAsync(Headers("data")), error);
    }

    private static async Task UntilAsync(SpdyClientStream stream, string text)
    {
        var seen = "";
        while (!seen.Contains(text, StringComparison.Ordinal))
        {
            seen += Encoding.ASCII.GetString(await stream.ReadAsync().WaitAsync(Eventually.Patience) ?? throw new EndOfStreamException($"no \"{text}\" in \"{seen}\""));
        }
    }

    private sealed record AttachedClient(SpdyClient Client, SpdyClientStream Stdin, SpdyClientStream Stdout, SpdyClientStream Error) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Client.DisposeAsync();
    }
}
