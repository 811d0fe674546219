using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Cri.Cli.Tests.Commands;

public sealed class StreamCommandTests
{
    [Fact]
    public async Task Exec_WithInput_GivesAllOfItAndItsEndToTheCommand()
    {
        await using var node = await StartAsync();
        var text = string.Concat(Enumerable.Repeat("0123456789", 50_000));
        node.Input = new MemoryStream(Encoding.ASCII.GetBytes(text));
        Assert.Equal(new CommandResult(0, text, ""), await node.RunAsync("exec", "-i", "web", "cat"));
    }

    [Fact]
    public async Task Exec_WithATerminal_AsksForOneOutput()
    {
        await using var node = await StartAsync();
        Assert.Equal(0, (await node.RunAsync("exec", "-it", "web", "cat")).Code);
        Assert.Contains("Exec ccccccccccccccc0 stdin=True tty=True stderr=False", node.Runtime.Calls);
    }

    [Fact]
    public async Task Exec_ThatCannotStart_SaysWhy()
    {
        await using var node = await StartAsync();
        var result = await node.RunAsync("exec", "web", "fail");
        Assert.Equal(1, result.Code);
        Assert.Matches("^crisp: exec in web: .*no such program\n$", result.Error);
    }

    [Fact]
    public async Task Exec_Interrupted_EndsAsInterrupted()
    {
        await using var node = await StartAsync();
        using var interrupt = new CancellationTokenSource();
        var running = node.RunAsync(interrupt.Token, "exec", "web", "hang");
        await node.Runtime.StatusAsked.Task;
        await interrupt.CancelAsync();
        Assert.Equal(new CommandResult(130, "", "crisp: interrupted\n"), await running);
    }

    [Theory]
    [InlineData("exec", "-i", "-s", "web", "cat")]
    [InlineData("exec", "-t", "--kill-after", "3", "web", "cat")]
    [InlineData("port-forward", "web", "0")]
    [InlineData("port-forward", "web", "80:")]
    [InlineData("port-forward", "web", "1:2:3")]
    [InlineData("port-forward", "web", "65536")]
    public async Task AnyCommand_WordsThatExcludeEachOther_IsWrongUsage(params string[] words)
    {
        await using var node = await StartAsync();
        Assert.Equal(CommandFailure.UsageExitCode, (await node.RunAsync(words)).Code);
    }

    [Fact]
    public async Task Attach_WithInput_JoinsBoth()
    {
        await using var node = await StartAsync();
        node.Input = new MemoryStream("in"u8.ToArray());
        Assert.Equal(new CommandResult(0, "attached in", ""), await node.RunAsync("attach", "-i", "web"));
    }

    [Fact]
    public async Task PortForward_ManyConnections_EachReachesThePort()
    {
        await using var node = await StartAsync();
        using var pod = new TcpListener(IPAddress.Loopback, 0);
        pod.Start();
        using var interrupt = new CancellationTokenSource();
        var output = new Pipe();
        var running = ForwardAsync(node, output, Port(pod.LocalEndpoint), interrupt.Token);
        var local = await LocalPortAsync(output.Reader, Port(pod.LocalEndpoint));

        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => EchoOnceAsync(pod, local, $"hello {i}")));

        await interrupt.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task PortForward_LocalSideEndsItsSending_StillGetsTheRest()
    {
        await using var node = await StartAsync();
        using var pod = new TcpListener(IPAddress.Loopback, 0);
        pod.Start();
        using var interrupt = new CancellationTokenSource();
        var output = new Pipe();
        var running = ForwardAsync(node, output, Port(pod.LocalEndpoint), interrupt.Token);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, await LocalPortAsync(output.Reader, Port(pod.LocalEndpoint)));
        var stream = client.GetStream();
        await stream.WriteAsync("x"u8.ToArray());
        client.Client.Shutdown(SocketShutdown.Send);
        using (var served = await pod.AcceptTcpClientAsync())
        {
            await served.GetStream().ReadExactlyAsync(new byte[1]);
            await served.GetStream().WriteAsync("rest"u8.ToArray());
        }

        Assert.Equal("rest", await new StreamReader(stream).ReadToEndAsync());
        await interrupt.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task PortForward_LocalPortTaken_SaysSo()
    {
        await using var node = await StartAsync();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var result = await node.RunAsync("port-forward", "web", $"{Port(taken.LocalEndpoint)}:80");
        Assert.Equal(1, result.Code);
        Assert.StartsWith($"crisp: listen on 127.0.0.1:{Port(taken.LocalEndpoint)}: ", result.Error, StringComparison.Ordinal);
    }

    private static async Task<FakeNode> StartAsync()
    {
        var node = await FakeNode.StartAsync();
        Assert.Equal(0, (await node.RunAsync("run", "-d", "--name", "web", "--log-dir", node.LogRoot, "nginx", "sleep")).Code);
        return node;
    }

    private static Task<int> ForwardAsync(FakeNode node, Pipe output, int port, CancellationToken interrupted) => CommandTree.InvokeAsync(
        ["--address", node.Address, "port-forward", "web", $":{port}"],
        new Terminal(output.Writer.AsStream(), Stream.Null, IsInteractive: false),
        interrupted);

    private static async Task<int> LocalPortAsync(PipeReader output, int remote)
    {
        var line = await new StreamReader(output.AsStream()).ReadLineAsync();
        Assert.Matches($"^Forwarding from 127\\.0\\.0\\.1:\\d+ -> {remote}$", line);
        return int.Parse(line!.Split(':', ' ')[3]);
    }

    private static async Task EchoOnceAsync(TcpListener pod, int local, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, local);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text + "\n"));
        using (var served = await pod.AcceptTcpClientAsync())
        {
            var received = await new StreamReader(served.GetStream(), leaveOpen: true).ReadLineAsync();
            await served.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"got {received![..5]}"));
        }

        Assert.Equal("got hello", await new StreamReader(client.GetStream()).ReadToEndAsync());
    }

    private static int Port(EndPoint address) => ((IPEndPoint)address).Port;
}
