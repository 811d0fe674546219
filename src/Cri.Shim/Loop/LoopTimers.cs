namespace Cri.Shim.Loop;

/// <summary>
/// Timers that fire on the loop, as a <see cref="TimeProvider"/>, so that delays and deadlines of the class library run here
/// instead of on a timer thread. There are only ever a few, so they stand in a plain list.
/// </summary>
internal sealed class LoopTimers : TimeProvider
{
    private const int Never = -1;

    private readonly List<LoopTimer> _armed = [];

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new LoopTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>True when a timer's time has come.</summary>
    public bool IsAnyDue => _armed.Any(timer => timer.Due <= Environment.TickCount64);

    /// <summary>Fires what is due and returns the milliseconds until the next timer, -1 when there is none.</summary>
    public int RunDue()
    {
        while (true)
        {
            if (_armed.MinBy(timer => timer.Due) is not { } next)
            {
                return Never;
            }

            var left = next.Due - Environment.TickCount64;
            if (left > 0)
            {
                return (int)Math.Min(left, int.MaxValue);
            }

            next.Fire();
        }
    }

    private sealed class LoopTimer(LoopTimers timers, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            timers._armed.Remove(this);
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Due = Environment.TickCount64 + (long)Math.Ceiling(dueTime.TotalMilliseconds);
                timers._armed.Add(this);
            }

            return true;
        }

        public void Fire()
        {
            // A period of zero means once, as System.Threading.Timer has it.
            var repeats = _period > TimeSpan.Zero;
            Change(repeats ? _period : Timeout.InfiniteTimeSpan, _period);
            callback(state);
        }

        public void Dispose() => timers._armed.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
