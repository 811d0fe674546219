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

        // Headers go out with the first message, or when the method says so: only it knows when a client that subscribes is heard.
        call.SetContentType();
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
