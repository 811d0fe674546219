using Cri.Api.V1;
using Grpc.Core;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class ServerInterceptorTests
{
    [Fact]
    public async Task Unary_TwoInterceptors_FirstIsOutermost()
    {
        var log = new List<string>();
        await using var server = await EchoServer.StartAsync(
            options => options with { Interceptors = [new Recorder("outer", log), new Recorder("inner", log)] });
        await server.Client.VersionAsync(new VersionRequest());
        Assert.Equal(
            ["outer /runtime.v1.RuntimeService/Version", "inner /runtime.v1.RuntimeService/Version", "inner done", "outer done"], log);
    }

    [Fact]
    public async Task Streaming_Interceptor_StandsAroundIt()
    {
        var log = new List<string>();
        await using var server = await EchoServer.StartAsync(options => options with { Interceptors = [new Recorder("one", log)] });
        using var call = server.Client.StreamContainers(new StreamContainersRequest());
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
        }

        Assert.Equal(["one /runtime.v1.RuntimeService/StreamContainers", "one done"], log);
    }

    [Fact]
    public async Task Unary_InterceptorMapsException_ClientGetsTheMappedStatus()
    {
        await using var server = await EchoServer.StartAsync(options => options with { Interceptors = [new Mapper()] });
        var e = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Client.RemoveContainerAsync(new RemoveContainerRequest { ContainerId = "broken" }));
        Assert.Equal(new Status(StatusCode.FailedPrecondition, "mapped"), e.Status);
    }

    [Fact]
    public async Task Unary_InterceptorRefuses_MethodIsNotCalled()
    {
        await using var server = await EchoServer.StartAsync(options => options with { Interceptors = [new Refuser()] });
        var e = await Assert.ThrowsAsync<RpcException>(async () => await server.Client.VersionAsync(new VersionRequest()));
        Assert.Equal(new Status(StatusCode.Unavailable, "not ready for VersionRequest"), e.Status);
        Assert.Null(server.Echo.Headers);
    }

    private sealed class Recorder(string name, List<string> log) : ServerInterceptor
    {
        public override async Task InvokeAsync(object request, ServerCallContext context, Func<Task> continuation)
        {
            log.Add($"{name} {context.Method}");
            await continuation();
            log.Add($"{name} done");
        }
    }

    private sealed class Mapper : ServerInterceptor
    {
        public override async Task InvokeAsync(object request, ServerCallContext context, Func<Task> continuation)
        {
            try
            {
                await continuation();
            }
            catch (InvalidOperationException)
            {
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "mapped"));
            }
        }
    }

    private sealed class Refuser : ServerInterceptor
    {
        public override Task InvokeAsync(object request, ServerCallContext context, Func<Task> continuation) =>
            throw new RpcException(new Status(StatusCode.Unavailable, $"not ready for {request.GetType().Name}"));
    }
}
