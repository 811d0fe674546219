using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>Handles the calls of a method with streams both ways. Interceptors get the reader of the requests as their request.</summary>
internal sealed class DuplexStreamingCallHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> invoke)
    : CallHandler(method.ServiceName, method.FullName)
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(ServerCall call, HandlerSettings settings)
    {
        call.EndWhenStopping();
        await call.WriteResponseHeadersAsync(Metadata.Empty);
        var reader = new RequestStreamReader<TRequest>(call, method.RequestMarshaller, settings.MaxMessageSize);
        var writer = new ResponseStreamWriter<TResponse>(call, method.ResponseMarshaller, settings.MaxMessageSize);
        try
        {
            await settings.InterceptAsync(reader, call, () => invoke(reader, writer, call));
        }
        finally
        {
            writer.Complete();
        }
    }
}
