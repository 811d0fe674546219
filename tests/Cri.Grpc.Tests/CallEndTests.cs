using Cri.Api.V1;
using Grpc.Core;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class CallEndTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Call_MethodThrowsRpcException_GivesItsStatusUnchanged()
    {
        await using var server = await EchoServer.StartAsync();
        var e = await RemoveFailsAsync(server, "missing");
        Assert.Equal(StatusCode.NotFound, e.StatusCode);
        Assert.Equal("container missing: größer als 100% «unbekannt» 🦀\n", e.Status.Detail);
    }

    [Fact]
    public async Task Call_MethodThrowsAnything_GivesUnknownWithoutStack()
    {
        await using var server = await EchoServer.StartAsync();
        Assert.Equal(new Status(StatusCode.Unknown, "the container is broken"), (await RemoveFailsAsync(server, "broken")).Status);
    }

    [Fact]
    public async Task Call_MethodSetsStatus_GivesIt()
    {
        await using var server = await EchoServer.StartAsync();
        Assert.Equal(new Status(StatusCode.DataLoss, "set"), (await RemoveFailsAsync(server, "status")).Status);
    }

    [Fact]
    public async Task Call_ExceptionHasTrailers_ClientGetsThem()
    {
        await using var server = await EchoServer.StartAsync();
        var trailers = (await RemoveFailsAsync(server, "trailers")).Trailers;
        Assert.Equal("value", trailers.GetValue("text"));
        Assert.Equal([0, 255, 1], trailers.Single(entry => entry.IsBinary).ValueBytes);
    }

    [Fact]
    public async Task Call_HugeDetail_IsCutAndArrives()
    {
        await using var server = await EchoServer.StartAsync();
        var e = await RemoveFailsAsync(server, "long");
        Assert.Equal(StatusCode.Internal, e.StatusCode);
        Assert.EndsWith("xxx...", e.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_DeadlinePasses_ClientGetsDeadlineExceededAndServerIsCancelled()
    {
        await using var server = await EchoServer.StartAsync();

        // A busy machine may not bring the call to its method within a short deadline.
        for (var seconds = 1; !server.Echo.Blocked.Task.IsCompleted; seconds *= 4)
        {
            var call = server.Client.StopContainerAsync(new StopContainerRequest(), deadline: DateTime.UtcNow.AddSeconds(seconds));
            var e = await Assert.ThrowsAsync<RpcException>(async () => await call);
            Assert.Equal(StatusCode.DeadlineExceeded, e.StatusCode);
        }

        await server.Echo.Cancelled.Task.WaitAsync(_patience);
    }

    [Fact]
    public async Task Call_DeadlineAlreadyPast_GivesDeadlineExceeded()
    {
        await using var server = await EchoServer.StartAsync();
        var call = server.Client.VersionAsync(new VersionRequest(), deadline: DateTime.UtcNow.AddSeconds(-1));
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task Call_WithDeadline_ServerSeesIt()
    {
        await using var server = await EchoServer.StartAsync();
        var deadline = DateTime.UtcNow.AddMinutes(10);
        await server.Client.VersionAsync(new VersionRequest(), deadline: deadline);
        Assert.InRange(server.Echo.Deadline, deadline.AddMinutes(-1), deadline.AddMinutes(1));
    }

    [Fact]
    public async Task Call_TokenCancelled_ThrowsCancelledAndServerIsCancelled()
    {
        await using var server = await EchoServer.StartAsync();
        using var source = new CancellationTokenSource();
        var call = server.Client.StopContainerAsync(new StopContainerRequest(), cancellationToken: source.Token);
        await server.Echo.Blocked.Task.WaitAsync(_patience);
        await source.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
        await server.Echo.Cancelled.Task.WaitAsync(_patience);
    }

    [Fact]
    public async Task Dispose_UnaryCallUnderWay_CancelsServer()
    {
        await using var server = await EchoServer.StartAsync();
        var call = server.Client.StopContainerAsync(new StopContainerRequest());
        await server.Echo.Blocked.Task.WaitAsync(_patience);
        call.Dispose();
        await server.Echo.Cancelled.Task.WaitAsync(_patience);
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task Call_NobodyListens_GivesUnavailableNamingTheSocket()
    {
        using var channel = new UnixChannel("/tmp/crisp-nobody/no.sock");
        var client = new RuntimeService.RuntimeServiceClient(channel);
        var e = await Assert.ThrowsAsync<RpcException>(async () => await client.VersionAsync(new VersionRequest()));
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
        Assert.Equal("connect to /tmp/crisp-nobody/no.sock: no such socket", e.Status.Detail);
    }

    [Fact]
    public async Task Call_ServerComesBack_Works()
    {
        await using var server = await EchoServer.StartAsync();
        await server.Client.VersionAsync(new VersionRequest());
        await server.Server.StopAsync(_patience);
        var e = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.VersionAsync(new VersionRequest()));
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
        await using var next = new Server.GrpcServer(server.Options, [RuntimeService.BindService(server.Echo)]);
        await next.StartAsync(CancellationToken.None);
        Assert.Equal("v1", (await server.Client.VersionAsync(new VersionRequest { Version = "v1" })).Version);
    }

    [Fact]
    public async Task Stop_UnaryCallUnderWay_WaitsForIt()
    {
        await using var server = await EchoServer.StartAsync();
        var call = server.Client.StartContainerAsync(new StartContainerRequest());
        await server.Echo.Blocked.Task.WaitAsync(_patience);
        var stop = server.Server.StopAsync(_patience);
        Assert.False(stop.IsCompleted);
        server.Echo.Release.SetResult();
        Assert.NotNull(await call);
        await stop;
    }

    [Fact]
    public async Task Stop_PatienceEnds_BreaksTheCall()
    {
        await using var server = await EchoServer.StartAsync();
        var call = server.Client.StopContainerAsync(new StopContainerRequest());
        await server.Echo.Blocked.Task.WaitAsync(_patience);
        await server.Server.StopAsync(TimeSpan.FromMilliseconds(50)).WaitAsync(_patience);
        await Assert.ThrowsAsync<RpcException>(async () => await call);
        await server.Echo.Cancelled.Task.WaitAsync(_patience);
    }

    private static Task<RpcException> RemoveFailsAsync(EchoServer server, string id) =>
        Assert.ThrowsAsync<RpcException>(async () => await server.Client.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = id }));
}
