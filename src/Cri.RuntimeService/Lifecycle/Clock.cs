using System.Diagnostics;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>The time as the CRI counts it. An administrator or a time server sets it, back too; what must be in order is ordered here.</summary>
public static class Clock
{
    /// <summary>Nanoseconds since the Unix epoch, now (100 ns steps).</summary>
    public static long Now => ToNanoseconds(DateTimeOffset.UtcNow);

    /// <summary>Nanoseconds since some moment before this process began, which nobody sets; for differences (100 ns steps).</summary>
    public static long Steady => Stopwatch.GetElapsedTime(0).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Nanoseconds since the Unix epoch.</summary>
    public static long ToNanoseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>Now, but never before <paramref name="earlier"/>: no container ends before it began.</summary>
    public static long NotBefore(long earlier) => Math.Max(Now, earlier);

    /// <summary>
    /// Now, but after all of these. The kubelet takes the newest of a pod's sandboxes, and of a container's attempts, for the one that
    /// counts: if an old one were newer, it would start the container again and again.
    /// </summary>
    public static long After(IEnumerable<long> earlier) => NotBefore(earlier.DefaultIfEmpty().Max() + 1);
}
