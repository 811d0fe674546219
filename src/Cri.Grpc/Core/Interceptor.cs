namespace Grpc.Core.Interceptors;

/// <summary>Stands around every server method: what all calls have in common is written once, here.</summary>
public abstract class Interceptor
{
    /// <summary>Around a unary method; calls <paramref name="continuation"/> to go on.</summary>
    public virtual Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class => continuation(request, context);

    /// <summary>Around a server-streaming method; calls <paramref name="continuation"/> to go on.</summary>
    public virtual Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class => continuation(request, responseStream, context);
}
