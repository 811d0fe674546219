using Grpc.Core;

namespace Cri.Grpc.Calls;

/// <summary>The requests of a call that has a stream of them; flow control holds a client back that sends faster than they are read.</summary>
internal sealed class RequestStreamReader<T>(ServerCall call, Marshaller<T> marshaller, int maxMessageSize) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException($"read from {call.Method}: nothing has been read yet");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, cancellationToken);
        _current = await RequestReader.ReadNextAsync(call.RequestBody, marshaller, maxMessageSize, both.Token);
        return _current is not null;
    }
}
