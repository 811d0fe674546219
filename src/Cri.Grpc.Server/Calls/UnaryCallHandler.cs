using Grpc.Core;

namespace Cri.Grpc.Server.Calls;

/// <summary>Handles the calls of a unary method.</summary>
internal sealed class UnaryCallHandler<TRequest, TResponse>(
    Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> invoke, int maxMessageSize) : CallHandler
    where TRequest : class
    where TResponse : class
{
    protected override async Task InvokeAsync(HttpCallContext call)
    {
        var request = await ReadRequestAsync(call, method.RequestMarshaller, maxMessageSize);

        // A method that is slow to notice its token must not keep the caller past the deadline; it ends on its own.
        var response = await invoke(request, call).WaitAsync(call.CancellationToken);
        if (call.Status.StatusCode == StatusCode.OK)
        {
            WriteResponse(call, method.ResponseMarshaller, response, maxMessageSize);
        }
    }
}
