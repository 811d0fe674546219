using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService.Events;

/// <summary>
/// Hands each event to every subscriber, in one order for all. Times strictly increase, and an event is built while it has
/// its turn, so that a later event never shows an older state: the kubelet drops a status whose time is not newer.
/// </summary>
public sealed class EventHub
{
    /// <summary>How many may read the events at once; each may have 8 MiB waiting.</summary>
    public const int MaxSubscribers = 64;

    private readonly Lock _turn = new();
    private readonly List<EventSubscription> _subscribers = [];
    private readonly EventBacklog _backlog = new();
    private long _lastTime;

    /// <summary>The number of subscribers.</summary>
    public int Subscribers
    {
        get
        {
            lock (_turn)
            {
                return _subscribers.Count;
            }
        }
    }

    /// <summary>Publishes an event.</summary>
    /// <param name="eventAt">Builds it from its time, Unix nanoseconds; must not wait for anything.</param>
    public void Publish(Func<long, V1.ContainerEventResponse> eventAt)
    {
        lock (_turn)
        {
            _lastTime = Math.Max(Clock.Now, _lastTime + 1);
            var next = SizedEvent.Of(eventAt(_lastTime));
            if (_subscribers.Count == 0)
            {
                _backlog.Add(next);
            }

            _subscribers.RemoveAll(subscriber => !subscriber.Offer(next));
        }
    }

    /// <summary>
    /// Begins to hand on events; the first subscriber after a time without any also gets what happened meanwhile. Throws
    /// RESOURCE_EXHAUSTED beyond <see cref="MaxSubscribers"/>.
    /// </summary>
    public EventSubscription Subscribe()
    {
        var subscription = new EventSubscription(Leave);
        lock (_turn)
        {
            if (_subscribers.Count >= MaxSubscribers)
            {
                throw new RpcException(new Status(
                    StatusCode.ResourceExhausted, $"container events: {MaxSubscribers} clients read them, which is the limit; try again when one has left"));
            }

            if (_subscribers.Count == 0)
            {
                _backlog.Take().ToList().ForEach(held => subscription.Offer(held));
            }

            _subscribers.Add(subscription);
        }

        return subscription;
    }

    private void Leave(EventSubscription subscription)
    {
        lock (_turn)
        {
            _subscribers.Remove(subscription);
        }
    }
}
