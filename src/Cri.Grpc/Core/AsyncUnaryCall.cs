using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>A unary call under way; awaiting it gives the response or throws RpcException. Dispose gives it up.</summary>
public sealed class AsyncUnaryCall<TResponse> : IDisposable
{
    private readonly Action _dispose;

    /// <summary>A call whose response will come, and how to give it up.</summary>
    public AsyncUnaryCall(Task<TResponse> responseAsync, Action dispose)
    {
        ResponseAsync = responseAsync;
        _dispose = dispose;
    }

    /// <summary>The response.</summary>
    public Task<TResponse> ResponseAsync { get; }

    /// <summary>Makes the call itself awaitable.</summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();

    /// <inheritdoc/>
    public void Dispose() => _dispose();
}
