using Cri.Grpc.Wire;
using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>Sends the responses of a server-streaming call, each flushed at once; flow control holds a fast writer back.</summary>
internal sealed class ResponseStreamWriter<T>(ServerCall call, Marshaller<T> marshaller, int maxMessageSize) : IServerStreamWriter<T>
{
    private volatile bool _completed;

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (_completed)
        {
            throw new InvalidOperationException($"write to {call.Method}: the call has ended");
        }

        call.CancellationToken.ThrowIfCancellationRequested();
        cancellationToken.ThrowIfCancellationRequested();
        FramedMessageWriter.Write(marshaller, message, call.ResponseBody, maxMessageSize);

        // The message is in the pipe now; waiting for room ends with the call alone, so that no half message is ever left.
        await call.ResponseBody.FlushAsync(call.CancellationToken);
    }

    /// <summary>Makes later writes fail, as the call has its status.</summary>
    public void Complete() => _completed = true;
}
