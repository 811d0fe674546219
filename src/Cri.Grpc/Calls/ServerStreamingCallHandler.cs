using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>Handles the calls of a server-streaming method.</summary>
internal sealed class ServerStreamingCallHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> invoke)
    : CallHandler(method.ServiceName, method.FullName)
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(ServerCall call, HandlerSettings settings)
    {
        call.EndWhenStopping();
        var request = await ReadRequestAsync(call, method.RequestMarshaller, settings.MaxMessageSize);

        // Headers go out at once: a client that subscribes must know that it is heard before the first event comes.
        await call.WriteResponseHeadersAsync(Metadata.Empty);
        var writer = new ResponseStreamWriter<TResponse>(call, method.ResponseMarshaller, settings.MaxMessageSize);
        try
        {
            await settings.InterceptAsync(request, call, () => invoke(request, writer, call));
        }
        finally
        {
            writer.Complete();
        }
    }
}
