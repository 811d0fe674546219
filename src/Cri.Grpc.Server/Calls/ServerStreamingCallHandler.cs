using Grpc.Core;

namespace Cri.Grpc.Server.Calls;

/// <summary>Handles the calls of a server-streaming method.</summary>
internal sealed class ServerStreamingCallHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> invoke, int maxMessageSize) : CallHandler
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(HttpCallContext call)
    {
        call.EndWhenStopping();
        var request = await ReadRequestAsync(call, method.RequestMarshaller, maxMessageSize);

        // Headers go out at once: a client that subscribes must know that it is heard before the first event comes.
        await call.WriteResponseHeadersAsync(Metadata.Empty);
        var writer = new ResponseStreamWriter<TResponse>(call, method.ResponseMarshaller, maxMessageSize);
        try
        {
            await invoke(request, writer, call);
        }
        finally
        {
            writer.Complete();
        }
    }
}
