using Cri.Linux;

namespace Cri.Server;

/// <summary>
/// Gives memory back when the server has become quiet: what was needed to start, to pull an image or to run a hundred pods at once is
/// not needed to wait. It costs some milliseconds, and only when there is something to gain.
/// </summary>
public sealed class IdleTrim : IDisposable
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(5);

    // Quiet is less than a twentieth of a processor; worth it is a sixteenth more than after the last time, and 1 MiB.
    private const int QuietShare = 20;
    private const int GrowthShare = 16;
    private const long LeastGrowth = 1 << 20;

    // With nothing to do but its own timers, which bring pages of its program back, it lets go of these alone, in a millisecond.
    private const int IdleShare = 250;
    private const long LeastPages = 1 << 18;

    private readonly Timer _timer;
    private TimeSpan _used = Used();
    private long _trimmed;
    private long _released;

    /// <summary>Looks every few seconds from now on.</summary>
    public IdleTrim() => _timer = new Timer(_ => Look(), null, _period, _period);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private static TimeSpan Used() => Environment.CpuUsage.TotalTime;

    private void Look()
    {
        try
        {
            TrimWhenQuiet();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // There is no descriptor for procfs just now: the next look is soon.
        }
    }

    private void TrimWhenQuiet()
    {
        var spent = Used() - _used;
        var resident = ResidentPages.Resident();
        if (spent < _period / QuietShare && resident > _trimmed + Math.Max(LeastGrowth, _trimmed / GrowthShare))
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            ResidentPages.TrimHeap();
            ResidentPages.ReleaseFiles();
            _released = _trimmed = ResidentPages.Resident();
        }
        else if (spent < _period / IdleShare && resident > _released + LeastPages)
        {
            ResidentPages.ReleaseFiles();
            _released = ResidentPages.Resident();
        }

        _used = Used();
    }
}
