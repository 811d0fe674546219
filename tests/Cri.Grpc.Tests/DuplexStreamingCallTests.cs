using Cri.Api.CrispV1;
using Grpc.Core;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class DuplexStreamingCallTests
{
    [Fact]
    public async Task Write_ReadAfterEach_AnswersBeforeTheNext()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.ImagesClient.Import();
        for (ulong sum = 10; sum <= 30; sum += 10)
        {
            await call.RequestStream.WriteAsync(EchoImages.Chunk(10));
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(sum, call.ResponseStream.Current.Received);
        }

        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("3", call.ResponseStream.Current.Image.ImageId);
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Fact]
    public async Task Complete_NothingWritten_EndsTheRequests()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.ImagesClient.Import();
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("0", call.ResponseStream.Current.Image.ImageId);
    }

    [Fact]
    public async Task Write_ManyLargeMessages_AllArriveWhole()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.ImagesClient.Import();
        var reading = ReadAllAsync(call);
        for (var i = 0; i < 50; i++)
        {
            await call.RequestStream.WriteAsync(EchoImages.Chunk(1_000_000));
        }

        await call.RequestStream.CompleteAsync();
        var events = await reading;
        Assert.Equal(51, events.Count);
        Assert.Equal(50_000_000ul, events[^2].Received);
    }

    [Fact]
    public async Task Write_ServerRefuses_StatusIsReadAndWritingEnds()
    {
        await using var server = await EchoServer.StartAsync();
        using var call = server.ImagesClient.Import();
        await call.RequestStream.WriteAsync(new ImportRequest { Options = new ImportOptions { Name = "refuse" } });
        var refused = await Assert.ThrowsAsync<RpcException>(() => ReadAllAsync(call));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Equal("refused", refused.Status.Detail);
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            // What the window still takes goes out before the end is noticed.
            for (var i = 0; i < 1000; i++)
            {
                await call.RequestStream.WriteAsync(EchoImages.Chunk(1_000_000));
            }
        });
    }

    [Fact]
    public async Task Dispose_BeforeTheEnd_CancelsOnTheServer()
    {
        await using var server = await EchoServer.StartAsync();
        using (var call = server.ImagesClient.Import())
        {
            await call.RequestStream.WriteAsync(EchoImages.Chunk(1));
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        }

        await server.EchoImages.Cancelled.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Write_NoServer_FailsOnBothSides()
    {
        using var channel = new UnixChannel("/nonexistent/crisp.sock");
        using var call = new Images.ImagesClient(channel).Import();
        await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(EchoImages.Chunk(1)));
        var failure = await Assert.ThrowsAsync<RpcException>(() => ReadAllAsync(call));
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    private static async Task<List<ImportEvent>> ReadAllAsync(AsyncDuplexStreamingCall<ImportRequest, ImportEvent> call)
    {
        List<ImportEvent> events = [];
        await foreach (var one in call.ResponseStream.ReadAllAsync())
        {
            events.Add(one);
        }

        return events;
    }
}
