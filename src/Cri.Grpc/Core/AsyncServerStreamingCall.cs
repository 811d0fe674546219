namespace Grpc.Core;

/// <summary>A server-streaming call under way. Dispose gives it up.</summary>
public sealed class AsyncServerStreamingCall<TResponse> : IDisposable
{
    private readonly Action _dispose;

    /// <summary>A call whose responses will come, and how to give it up.</summary>
    public AsyncServerStreamingCall(IAsyncStreamReader<TResponse> responseStream, Action dispose)
    {
        ResponseStream = responseStream;
        _dispose = dispose;
    }

    /// <summary>The responses.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }

    /// <inheritdoc/>
    public void Dispose() => _dispose();
}
