namespace Grpc.Core;

/// <summary>The server's end of a stream of responses. One write at a time.</summary>
public interface IServerStreamWriter<in T>
{
    /// <summary>Sends a message; completes when there is room for the next. Throws when the call has ended.</summary>
    Task WriteAsync(T message);

    /// <summary>Sends a message unless cancelled first.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken);
}
