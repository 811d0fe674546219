using Cri.Api.V1;
using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class UnaryCallTests
{
    [Fact]
    public async Task Call_Answered_ReturnsResponse()
    {
        await using var server = await EchoServer.StartAsync();
        var response = await server.Client.VersionAsync(new VersionRequest { Version = "v1" });
        Assert.Equal("v1", response.Version);
        Assert.Equal("/runtime.v1.RuntimeService/Version", response.RuntimeName);
    }

    [Fact]
    public async Task BlockingCall_Answered_ReturnsResponse()
    {
        await using var server = await EchoServer.StartAsync();
        Assert.Equal("v1", server.Client.Version(new VersionRequest { Version = "v1" }).Version);
    }

    [Fact]
    public async Task Call_EmptyMessages_Works()
    {
        await using var server = await EchoServer.StartAsync();
        Assert.NotNull(await server.Client.RemoveContainerAsync(new RemoveContainerRequest()));
    }

    [Fact]
    public async Task Call_NoDeadline_ServerSeesNone()
    {
        await using var server = await EchoServer.StartAsync();
        await server.Client.VersionAsync(new VersionRequest());
        Assert.Equal(DateTime.MaxValue, server.Echo.Deadline);
    }

    [Fact]
    public async Task Call_WithMetadata_ServerSeesIt()
    {
        await using var server = await EchoServer.StartAsync();
        await server.Client.VersionAsync(new VersionRequest(), new Metadata { { "Trace", "abc" }, { "blob-bin", [1, 2, 250] } });
        Assert.Equal("abc", server.Echo.Headers!.GetValue("trace"));
        Assert.Equal([1, 2, 250], server.Echo.Headers!.Single(entry => entry.Key == "blob-bin").ValueBytes);
        Assert.Equal(2, server.Echo.Headers!.Count);
    }

    [Fact]
    public async Task Call_MessageOfFifteenMebibytes_TravelsBothWays()
    {
        await using var server = await EchoServer.StartAsync();
        const int Size = 15 * 1024 * 1024;
        var response = await server.Client.ExecSyncAsync(new ExecSyncRequest { Timeout = Size, Cmd = { new string('a', Size) } });
        Assert.Equal(Size, response.Stdout.Length);
        Assert.Equal(Size, response.ExitCode);
    }

    [Fact]
    public async Task Call_RequestOverLimit_ServerRefusesIt()
    {
        await using var server = await EchoServer.StartAsync(options => options with { MaxMessageSize = 1000 });
        var e = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Client.ExecSyncAsync(new ExecSyncRequest { Cmd = { new string('a', 1000) } }));
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        Assert.Contains("limit of 1000", e.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ResponseOverLimit_ServerRefusesIt()
    {
        await using var server = await EchoServer.StartAsync(options => options with { MaxMessageSize = 1000 });
        var e = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.ExecSyncAsync(new ExecSyncRequest { Timeout = 1000 }));
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        Assert.StartsWith("send message", e.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ResponseOverClientLimit_ClientRefusesIt()
    {
        await using var server = await EchoServer.StartAsync();
        using var channel = new UnixChannel(server.SocketPath, new UnixChannelOptions { MaxMessageSize = 1000 });
        var client = new RuntimeService.RuntimeServiceClient(channel);
        var e = await Assert.ThrowsAsync<RpcException>(async () => await client.ExecSyncAsync(new ExecSyncRequest { Timeout = 1000 }));
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        Assert.StartsWith("receive message", e.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ManyAtOnce_AllAnswered()
    {
        await using var server = await EchoServer.StartAsync();
        var calls = Enumerable.Range(0, 500).Select(async i =>
        {
            var response = await server.Client.VersionAsync(new VersionRequest { Version = $"{i}" });
            return response.Version == $"{i}";
        });
        Assert.All(await Task.WhenAll(calls), Assert.True);
    }

    [Fact]
    public async Task Call_MoreThanStreamLimit_AllAnswered()
    {
        await using var server = await EchoServer.StartAsync(options => options with { MaxStreamsPerConnection = 100 });
        var calls = Enumerable.Range(0, 500).Select(async _ => await server.Client.VersionAsync(new VersionRequest()));
        Assert.Equal(500, (await Task.WhenAll(calls)).Length);
    }

    [Fact]
    public async Task Call_MoreThanMayBeUnderWay_IsRefusedUntilOneEnds()
    {
        await using var server = await EchoServer.StartAsync(options => options with { MaxCalls = 1 });
        using var blocked = server.Client.StartContainerAsync(new StartContainerRequest());
        await server.Echo.Blocked.Task;

        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.VersionAsync(new VersionRequest()));
        server.Echo.Release.SetResult();
        await blocked;

        Assert.Equal(new Status(StatusCode.ResourceExhausted, "1 calls are under way, which is the limit; try again when some have ended"), error.Status);
        for (var tries = 0; ; tries++)
        {
            try
            {
                // The answer may be here a moment before the call has left the count.
                await server.Client.VersionAsync(new VersionRequest());
                return;
            }
            catch (RpcException) when (tries < 1000)
            {
                await Task.Delay(10);
            }
        }
    }

    [Fact]
    public async Task Call_AnswerOverTheLimitWithAStreamingAlternative_NamesIt()
    {
        await using var server = await EchoServer.StartAsync(options => options with
        {
            MaxMessageSize = 1000,
            StreamingAlternatives = new Dictionary<string, string> { ["/runtime.v1.RuntimeService/ExecSync"] = "StreamedExec" },
        });

        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.ExecSyncAsync(new ExecSyncRequest { Timeout = 2000 }));

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("ExecSync", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("use StreamedExec instead", error.Status.Detail, StringComparison.Ordinal);
    }
}
