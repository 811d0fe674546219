using Cri.Api.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class InterceptorTests
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

    private sealed class Recorder(string name, List<string> log) : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            log.Add($"{name} {context.Method}");
            var response = await continuation(request, context);
            log.Add($"{name} done");
            return response;
        }

        public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            log.Add($"{name} {context.Method}");
            await continuation(request, responseStream, context);
            log.Add($"{name} done");
        }
    }

    private sealed class Mapper : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            try
            {
                return await continuation(request, context);
            }
            catch (InvalidOperationException)
            {
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "mapped"));
            }
        }
    }
}
