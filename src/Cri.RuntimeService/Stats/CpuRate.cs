namespace Cri.RuntimeService.Stats;

/// <summary>The rate at which CPU time is used, as the mean since an earlier reading; the first reading has none.</summary>
public sealed class CpuRate
{
    private const long Shortest = 100_000_000;
    private const long Longest = 600_000_000_000;
    private readonly Lock _turn = new();
    private ulong _used;
    private long? _at;
    private ulong? _rate;

    /// <summary>Takes a reading and answers the rate in nanocores; null when there is nothing recent to compare with.</summary>
    /// <param name="used">CPU time in all, ns.</param>
    /// <param name="now">When it was read, ns of a clock that nobody sets.</param>
    public ulong? Next(ulong used, long now)
    {
        lock (_turn)
        {
            // The counter moves in steps, so readers in quick succession get the same answer.
            var elapsed = now - _at;
            if (elapsed is >= 0 and < Shortest && used >= _used)
            {
                return _rate;
            }

            _rate = elapsed is > 0 and <= Longest && used >= _used ? (ulong)((used - _used) * 1e9 / elapsed) : null;
            (_used, _at) = (used, now);
            return _rate;
        }
    }
}
