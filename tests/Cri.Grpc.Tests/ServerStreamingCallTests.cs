using Cri.Api.V1;
using Grpc.Core;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class ServerStreamingCallTests
{
    [Fact]
    public async Task Read_StreamEnds_GivesAllMessages()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.Client.StreamContainers(new StreamContainersRequest());
        var ids = new List<string>();
        await foreach (var piece in call.ResponseStream.ReadAllAsync())
        {
            ids.Add(piece.Containers[0].Id);
        }

        Assert.Equal(["c0", "c1", "c2"], ids);
    }

    [Fact]
    public async Task Read_AfterEnd_StaysAtEnd()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.Client.StreamContainers(new StreamContainersRequest());
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
        }

        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Fact]
    public async Task Read_ManyMessagesWithSlowReader_GivesAll()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.Client.StreamContainers(new StreamContainersRequest { Filter = new ContainerFilter { Id = "many" } });
        var count = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            count++;
        }

        Assert.Equal(10_000, count);
    }

    [Fact]
    public async Task Read_StreamFails_GivesMessagesThenStatus()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.Client.StreamContainers(new StreamContainersRequest { Filter = new ContainerFilter { Id = "fail" } });
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        }

        var e = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(new Status(StatusCode.Unavailable, "stream broke"), e.Status);
    }

    [Fact]
    public async Task Dispose_StreamOpen_CancelsServer()
    {
        await using var server = await EchoServer.StartAsync();
        using (var call = server.Client.GetContainerEvents(new GetEventsRequest()))
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        }

        await server.Echo.Cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Read_TokenCancelled_ThrowsCancelled()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.Client.StreamPodSandboxes(new StreamPodSandboxesRequest());
        using var source = new CancellationTokenSource();
        var read = call.ResponseStream.MoveNext(source.Token);
        await source.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => read)).StatusCode);
    }

    [Fact]
    public async Task Stop_StreamOpen_EndsItUnavailable()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.Client.GetContainerEvents(new GetEventsRequest());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var next = call.ResponseStream.MoveNext(CancellationToken.None);
        await server.Server.StopAsync(TimeSpan.FromSeconds(60));
        var e = await Assert.ThrowsAsync<RpcException>(() => next);
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
        Assert.Contains("stopping", e.Status.Detail, StringComparison.Ordinal);
    }
}
