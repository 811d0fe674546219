using Cri.Linux;

namespace Cri.Shim.Loop;

/// <summary>
/// The one thread that everything happens on: descriptors by epoll, timers, and continuations of awaits. It is its own
/// synchronization context, so that whatever is awaited here continues here, and the thread pool never starts.
/// </summary>
internal sealed class EventLoop : SynchronizationContext, IDisposable
{
    private const long WakeKey = 0;
    private const int RestAfter = 5000; // ms

    private readonly Epoll _epoll = new();
    private readonly Fd _wake = EventFd.Create();
    private readonly Dictionary<long, FdWatch> _watches = [];
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private readonly Lock _postedLock = new();
    private readonly LoopTimers _timers = new();
    private long _lastKey = WakeKey;
    private bool _stopped;

    public EventLoop() => _epoll.Add(_wake, EpollEvents.Readable, WakeKey);

    /// <summary>Time and timers of this loop.</summary>
    public TimeProvider Time => _timers;

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    /// <param name="worked">Called each time that something has come and is dealt with.</param>
    /// <param name="rest">Called once each time that nothing has come for a while.</param>
    public void Run(Action worked, Action rest)
    {
        SetSynchronizationContext(this);
        var isRested = false;
        while (!_stopped)
        {
            RunPosted();
            TakeWhatCameBeforeTimers();
            var timeout = _timers.RunDue();
            var mayRest = !isRested && timeout is (< 0 or > RestAfter);
            if (_stopped)
            {
                return;
            }

            if (_epoll.Wait(mayRest ? RestAfter : timeout, Dispatch))
            {
                isRested = false;
                worked();
            }
            else if (mayRest)
            {
                isRested = true;
                rest();
            }
        }
    }

    /// <summary>Ends <see cref="Run"/> after what is running now.</summary>
    public void Stop() => _stopped = true;

    /// <summary>Watches a descriptor, which stays the caller's and must outlive the watch.</summary>
    public FdWatch Watch(Fd fd)
    {
        var watch = new FdWatch(this, fd, ++_lastKey);
        _epoll.Add(fd, EpollEvents.OneShot, watch.Key);
        _watches.Add(watch.Key, watch);
        return watch;
    }

    /// <summary>Waits for a time.</summary>
    public Task Delay(TimeSpan time) => Task.Delay(time, _timers);

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_postedLock)
        {
            _posted.Enqueue((d, state));
        }

        EventFd.Set(_wake);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    internal void Arm(FdWatch watch, EpollEvents events) => _epoll.Modify(watch.Fd, events | EpollEvents.OneShot, watch.Key);

    internal void Forget(FdWatch watch)
    {
        _watches.Remove(watch.Key);
        _epoll.Remove(watch.Fd);
    }

    private void Dispatch(long key, EpollEvents events)
    {
        if (key == WakeKey)
        {
            EventFd.Reset(_wake);
        }
        else if (_watches.TryGetValue(key, out var watch))
        {
            watch.Signal(events);
        }
    }

    // When this thread did not get to run for a while, a deadline must not overtake what came in time.
    private void TakeWhatCameBeforeTimers()
    {
        if (_timers.IsAnyDue)
        {
            _epoll.Wait(0, Dispatch);
            RunPosted();
        }
    }

    private void RunPosted()
    {
        while (TryTake(out var next))
        {
            next.Callback(next.State);
        }
    }

    private bool TryTake(out (SendOrPostCallback Callback, object? State) next)
    {
        lock (_postedLock)
        {
            return _posted.TryDequeue(out next);
        }
    }
}
