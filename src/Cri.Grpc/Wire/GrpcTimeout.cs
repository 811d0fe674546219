using System.Globalization;

namespace Cri.Grpc.Wire;

/// <summary>The value of grpc-timeout: at most eight digits and a unit (H, M, S, m, u or n).</summary>
internal static class GrpcTimeout
{
    private const long MaxValue = 99_999_999;
    private static readonly TimeSpan _longest = TimeSpan.FromDays(24);

    /// <summary>Reads a timeout, cut at 24 days, which is as far as timers go. False when it is malformed.</summary>
    public static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        TimeSpan? parsed = text[^1] switch
        {
            'H' => Cut(value, TimeSpan.TicksPerHour),
            'M' => Cut(value, TimeSpan.TicksPerMinute),
            'S' => Cut(value, TimeSpan.TicksPerSecond),
            'm' => Cut(value, TimeSpan.TicksPerMillisecond),
            'u' => Cut(value, TimeSpan.TicksPerMicrosecond),
            'n' => TimeSpan.FromTicks((value + 99) / 100),
            _ => null,
        };
        timeout = parsed ?? default;
        return parsed is not null;
    }

    /// <summary>Writes a timeout in the finest unit that fits, rounded up; 0 or less becomes one nanosecond.</summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
        {
            return "1n";
        }

        var ticks = timeout.Ticks;
        return InUnit(ticks, TimeSpan.TicksPerMicrosecond, 'u')
            ?? InUnit(ticks, TimeSpan.TicksPerMillisecond, 'm')
            ?? InUnit(ticks, TimeSpan.TicksPerSecond, 'S')
            ?? InUnit(ticks, TimeSpan.TicksPerMinute, 'M')
            ?? $"{Math.Min(RoundUp(ticks, TimeSpan.TicksPerHour), MaxValue)}H";
    }

    private static TimeSpan Cut(long value, long ticksPerUnit) =>
        value > _longest.Ticks / ticksPerUnit ? _longest : TimeSpan.FromTicks(value * ticksPerUnit);

    private static string? InUnit(long ticks, long ticksPerUnit, char unit)
    {
        var value = RoundUp(ticks, ticksPerUnit);
        return value <= MaxValue ? $"{value}{unit}" : null;
    }

    private static long RoundUp(long ticks, long ticksPerUnit) => (ticks / ticksPerUnit) + (ticks % ticksPerUnit == 0 ? 0 : 1);
}
