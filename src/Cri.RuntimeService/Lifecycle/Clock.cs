namespace Cri.RuntimeService.Lifecycle;

/// <summary>The time as the CRI counts it.</summary>
public static class Clock
{
    /// <summary>Nanoseconds since the Unix epoch, now (100 ns steps).</summary>
    public static long Now => ToNanoseconds(DateTimeOffset.UtcNow);

    /// <summary>Nanoseconds since the Unix epoch.</summary>
    public static long ToNanoseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * 100;
}
