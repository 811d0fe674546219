using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>Handles the calls of a unary method.</summary>
internal sealed class UnaryCallHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> invoke) : CallHandler(method.ServiceName, method.FullName)
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(ServerCall call, HandlerSettings settings)
    {
        var request = await ReadRequestAsync(call, method.RequestMarshaller, settings.MaxMessageSize);

        // A method that is slow to notice its token must not keep the caller past the deadline; it ends on its own.
        TResponse? response = null;
        var invocation = settings.InterceptAsync(request, call, async () => response = await invoke(request, call));
        await invocation.WaitAsync(call.CancellationToken);
        if (call.Status.StatusCode == StatusCode.OK && response is not null)
        {
            Write(call, response, settings);
        }
    }

    private void Write(ServerCall call, TResponse response, HandlerSettings settings)
    {
        try
        {
            WriteResponse(call, method.ResponseMarshaller, response, settings.MaxMessageSize);
        }
        catch (RpcException large) when (
            large.StatusCode == StatusCode.ResourceExhausted && settings.StreamingAlternatives.TryGetValue(FullName, out var alternative))
        {
            throw new RpcException(new Status(large.StatusCode, $"{FullName}: {large.Status.Detail}; use {alternative} instead"));
        }
    }
}
