namespace Grpc.Core;

/// <summary>The client's end of a stream of requests. One write at a time.</summary>
public interface IClientStreamWriter<in T>
{
    /// <summary>
    /// Sends a message; completes when there is room for the next. Throws RpcException when the call has ended; why, the
    /// responses tell.
    /// </summary>
    Task WriteAsync(T message);

    /// <summary>Sends a message unless cancelled first.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken);

    /// <summary>Tells the server that no more will come. Call it once, at the end; it throws nothing when the call has ended.</summary>
    Task CompleteAsync();
}
