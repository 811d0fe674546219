using Grpc.Core;

namespace Cri.Grpc.Client;

/// <summary>The responses of a server-streaming call.</summary>
internal sealed class ResponseStreamReader<TResponse>(ClientCall call, Marshaller<TResponse> marshaller)
    : IAsyncStreamReader<TResponse>
    where TResponse : class
{
    private TResponse? _current;
    private bool _ended;

    public TResponse Current => _current ?? throw new InvalidOperationException($"call {call.Method}: nothing has been read yet");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        _current = _ended ? null : await call.ReadMessageAsync(marshaller, cancellationToken);
        _ended = _current is null;
        return !_ended;
    }
}
