using System.Buffers;
using Cri.Grpc.Wire;
using Grpc.Core;

namespace Cri.Grpc.Client;

/// <summary>Sends the requests of a call with streams both ways, each flushed at once; flow control holds a fast writer back.</summary>
internal sealed class RequestStreamWriter<TRequest>(RequestStreamContent content, ClientCall call, Marshaller<TRequest> marshaller, int maxMessageSize)
    : IClientStreamWriter<TRequest>
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        _buffer.ResetWrittenCount();
        FramedMessageWriter.Write(marshaller, message, _buffer, maxMessageSize);
        try
        {
            var stream = await content.Opened.WaitAsync(cancellationToken);
            await stream.WriteAsync(_buffer.WrittenMemory, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        catch (Exception e) when (e is not RpcException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new RpcException(new Status(StatusCode.Unavailable, $"write to {call.Method}: the call has ended", e));
        }
    }

    public Task CompleteAsync()
    {
        content.Finish();
        return Task.CompletedTask;
    }
}
