using System.Buffers;
using Cri.Grpc.Client;
using Cri.Grpc.Wire;

namespace Grpc.Core;

/// <summary>
/// Makes calls; failures are RpcException. The generic methods are not virtual: resolving a generic virtual method is slow in
/// a NativeAOT process, so what differs between invokers is only where the bytes go.
/// </summary>
public abstract class CallInvoker
{
    /// <summary>An invoker for Crisp's own transports.</summary>
    private protected CallInvoker(int maxMessageSize) => MaxMessageSize = maxMessageSize;

    /// <summary>The largest message to send or receive, in bytes.</summary>
    private int MaxMessageSize { get; }

    /// <summary>Makes a unary call and blocks until it ends.</summary>
    public TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    /// <summary>Starts a unary call. The host is ignored: a channel leads to one server.</summary>
    public AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        var call = Start(method, options, request);
        return new AsyncUnaryCall<TResponse>(call.ReadSingleAsync(method.ResponseMarshaller), call.Dispose);
    }

    /// <summary>Starts a server-streaming call. The host is ignored: a channel leads to one server.</summary>
    public AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        var call = Start(method, options, request);
        return new AsyncServerStreamingCall<TResponse>(new ResponseStreamReader<TResponse>(call, method.ResponseMarshaller), call.Dispose);
    }

    /// <summary>Starts a call with streams both ways. The host is ignored: a channel leads to one server.</summary>
    public AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class
    {
        var content = new RequestStreamContent();
        var call = Start(method.FullName, options, content, MaxMessageSize);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            new RequestStreamWriter<TRequest>(content, call, method.RequestMarshaller, MaxMessageSize),
            new ResponseStreamReader<TResponse>(call, method.ResponseMarshaller),
            call.Dispose);
    }

    /// <summary>Sends a request body and returns without waiting for anything.</summary>
    private protected abstract ClientCall Start(string method, CallOptions options, HttpContent request, int maxMessageSize);

    private ClientCall Start<TRequest, TResponse>(Method<TRequest, TResponse> method, CallOptions options, TRequest request)
    {
        var body = new ArrayBufferWriter<byte>();
        FramedMessageWriter.Write(method.RequestMarshaller, request, body, MaxMessageSize);
        return Start(method.FullName, options, new ReadOnlyMemoryContent(body.WrittenMemory), MaxMessageSize);
    }
}
