namespace Cri.RuntimeService.Events;

/// <summary>
/// What happened while nobody listened, for the first who does: the kubelet lists before it subscribes again, and would
/// otherwise miss what happens in between. Holds the newest events up to an age, a number and a size; not thread-safe.
/// </summary>
public sealed class EventBacklog
{
    /// <summary>How many events are held at most.</summary>
    public const int MaxEvents = 256;

    /// <summary>How many bytes of events are held at most.</summary>
    public const long MaxBytes = 1 << 20;

    /// <summary>How long an event is held: the kubelet lists everything at least this often.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private readonly Queue<SizedEvent> _held = new();
    private long _bytes;

    /// <summary>Holds an event; older ones give way.</summary>
    public void Add(SizedEvent next)
    {
        _held.Enqueue(next);
        _bytes += next.Bytes;
        while (_held.Count > MaxEvents || _bytes > MaxBytes || (_held.TryPeek(out var oldest) && oldest.Age > MaxAge))
        {
            _bytes -= _held.Dequeue().Bytes;
        }
    }

    /// <summary>Hands over what is held, oldest first, and holds nothing any more.</summary>
    public IReadOnlyList<SizedEvent> Take()
    {
        var taken = _held.Where(held => held.Age <= MaxAge).ToList();
        _held.Clear();
        _bytes = 0;
        return taken;
    }
}
