namespace Grpc.Core;

/// <summary>A call under way with streams both ways. Dispose gives it up.</summary>
public sealed class AsyncDuplexStreamingCall<TRequest, TResponse> : IDisposable
{
    private readonly Action _dispose;

    /// <summary>A call whose requests can be sent, whose responses will come, and how to give it up.</summary>
    public AsyncDuplexStreamingCall(
        IClientStreamWriter<TRequest> requestStream, IAsyncStreamReader<TResponse> responseStream, Action dispose)
    {
        RequestStream = requestStream;
        ResponseStream = responseStream;
        _dispose = dispose;
    }

    /// <summary>Where requests go.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; }

    /// <summary>The responses.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }

    /// <inheritdoc/>
    public void Dispose() => _dispose();
}
