using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Grpc.Core;

namespace Cri.RuntimeService.Events;

/// <summary>
/// What one reader of the events has not taken yet. A reader that falls too far behind gets what was held for it, without a
/// gap, and then RESOURCE_EXHAUSTED: it has to list everything and subscribe again.
/// </summary>
public sealed class EventSubscription : IDisposable
{
    /// <summary>How many events wait for a reader at most.</summary>
    public const int MaxEvents = 4096;

    /// <summary>How many bytes of events wait for a reader at most; one event may always wait.</summary>
    public const long MaxBytes = 8 << 20;

    private readonly Channel<SizedEvent> _waiting = Channel.CreateUnbounded<SizedEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Action<EventSubscription> _leave;
    private int _events;
    private long _bytes;

    internal EventSubscription(Action<EventSubscription> leave) => _leave = leave;

    /// <summary>The events in order. Throws RESOURCE_EXHAUSTED after the last one that was held for a reader too slow.</summary>
    public async IAsyncEnumerable<V1.ContainerEventResponse> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var next in _waiting.Reader.ReadAllAsync(cancellationToken))
        {
            Interlocked.Decrement(ref _events);
            Interlocked.Add(ref _bytes, -next.Bytes);
            yield return next.Event;
        }
    }

    /// <summary>Ends it; what waits is let go.</summary>
    public void Dispose() => _leave(this);

    /// <summary>Adds an event. False when there is no room for it, which ends the subscription.</summary>
    internal bool Offer(SizedEvent next)
    {
        var bytes = Interlocked.Read(ref _bytes);
        if (Volatile.Read(ref _events) >= MaxEvents || (bytes > 0 && bytes + next.Bytes > MaxBytes))
        {
            _waiting.Writer.TryComplete(TooSlow());
            return false;
        }

        Interlocked.Increment(ref _events);
        Interlocked.Add(ref _bytes, next.Bytes);
        return _waiting.Writer.TryWrite(next);
    }

    private static RpcException TooSlow() => new(new Status(
        StatusCode.ResourceExhausted,
        $"container events: the reader is too slow: {MaxEvents} events or {MaxBytes >> 20} MiB waited for it, and later ones are not sent; list and subscribe again"));
}
