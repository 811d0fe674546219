using System.Net;
using System.Net.Sockets;
using Cri.Linux;
using Cri.RuntimeService.PortForwards;
using Cri.RuntimeService.Sandboxes;
using Cri.Streaming;
using Xunit;

namespace Cri.RuntimeService.Tests.PortForwards;

public sealed class PodPortForwardTests : IAsyncLifetime
{
    private RunningPod _pod = null!;

    public async Task InitializeAsync() => _pod = await RunningPod.StartAsync();

    public async Task DisposeAsync() => await _pod.DisposeAsync();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Connect_PortOfPodAndNode_ReachesThePodAlone(string address)
    {
        using var node = Listen(address);
        var port = ((IPEndPoint)node.LocalEndPoint!).Port;
        using var server = await OwnThread.RunAsync(() => ListenInPod(address, port));
        using var client = await PodPortForward.ConnectAsync(_pod.Sandbox, port, CancellationToken.None);
        using var accepted = await server.AcceptAsync();
        await accepted.SendAsync("hello"u8.ToArray());
        var buffer = new byte[16];
        Assert.Equal(5, await client.ReceiveAsync(buffer));
        Assert.NotEqual(client.LocalEndPoint, await PeerAtAsync(node));
    }

    [Fact]
    public async Task Connect_ThenGoingOn_IsInTheNodesNamespace()
    {
        using var server = await OwnThread.RunAsync(() => ListenInPod("127.0.0.1"));
        var port = ((IPEndPoint)server.LocalEndPoint!).Port;
        var node = File.ResolveLinkTarget("/proc/self/ns/net", false)!.Name;

        // On the thread pool, as in the server: what awaits goes on wherever the awaited has ended.
        var after = await Task.Run(async () =>
        {
            using var client = await PodPortForward.ConnectAsync(_pod.Sandbox, port, CancellationToken.None);
            return File.ResolveLinkTarget("/proc/thread-self/ns/net", false)!.Name;
        });

        Assert.Equal(node, after);
    }

    [Fact]
    public async Task Connect_Many_EachIsAConnectionOfItsOwn()
    {
        using var server = await OwnThread.RunAsync(() => ListenInPod("127.0.0.1"));
        var port = ((IPEndPoint)server.LocalEndPoint!).Port;
        var clients = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PodPortForward.ConnectAsync(_pod.Sandbox, port, CancellationToken.None)));
        Assert.Equal(50, clients.Select(client => client.LocalEndPoint).Distinct().Count());
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task Connect_NobodyListens_NamesPodPortAndCause()
    {
        var error = await Assert.ThrowsAsync<StreamException>(() => PodPortForward.ConnectAsync(_pod.Sandbox, 9, CancellationToken.None));
        Assert.Contains(_pod.Sandbox.Id, error.Message, StringComparison.Ordinal);
        Assert.Contains("port 9", error.Message, StringComparison.Ordinal);
        Assert.Contains("refused", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_HostNetwork_ReachesTheNode()
    {
        using var server = Listen("127.0.0.1");
        var config = new V1.PodSandboxConfig { Linux = new() { SecurityContext = new() { NamespaceOptions = new() { Network = V1.NamespaceMode.Node } } } };
        var host = new Sandbox(_pod.Sandbox.Record with { Config = config }, _pod.Sandbox.Files) { Shim = _pod.Sandbox.Shim };
        using var client = await PodPortForward.ConnectAsync(host, ((IPEndPoint)server.LocalEndPoint!).Port, CancellationToken.None);
        Assert.True(client.Connected);
    }

    [Fact]
    public async Task Connect_StoppedPod_IsRefused()
    {
        var stopped = new Sandbox(_pod.Sandbox.Record with { Phase = SandboxPhase.Stopped }, _pod.Sandbox.Files);
        var error = await Assert.ThrowsAsync<StreamException>(() => PodPortForward.ConnectAsync(stopped, 80, CancellationToken.None));
        Assert.Contains("not ready", error.Message, StringComparison.Ordinal);
    }

    // Somebody else may have come there, who took the port for one without a listener.
    private static async Task<EndPoint?> PeerAtAsync(Socket node)
    {
        if (!node.Poll(TimeSpan.Zero, SelectMode.SelectRead))
        {
            return null;
        }

        using var peer = await node.AcceptAsync();
        return peer.RemoteEndPoint;
    }

    private Socket ListenInPod(string address, int port = 0) =>
        Namespaces.WithinNet(_pod.Sandbox.Files.Namespace("net"), () => Listen(address, port));

    private static Socket Listen(string address, int port = 0)
    {
        var ip = IPAddress.Parse(address);
        var server = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(ip, port));
        server.Listen(100);
        return server;
    }
}
