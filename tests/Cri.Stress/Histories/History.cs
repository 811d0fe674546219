namespace Cri.Stress.Histories;

/// <summary>The calls about one thing, and the numbers that say which of them overlapped.</summary>
public sealed class History
{
    private static long _last;
    private readonly Lock _turn = new();
    private readonly List<Call> _calls = [];

    /// <summary>The calls so far, in the order in which they were sent.</summary>
    public IReadOnlyList<Call> Calls
    {
        get
        {
            lock (_turn)
            {
                return [.. _calls.OrderBy(call => call.Invoked)];
            }
        }
    }

    /// <summary>The next number; whoever takes it later gets a greater one.</summary>
    public static long Next() => Interlocked.Increment(ref _last);

    /// <summary>Adds a call that has ended, or that its client does not wait for any longer.</summary>
    public void Add(Call call)
    {
        lock (_turn)
        {
            _calls.Add(call);
        }
    }
}
