namespace Cri.Cli.Output;

/// <summary>How long ago something was, in one unit.</summary>
internal static class Age
{
    /// <summary>The age of a time in nanoseconds since 1970; empty when it is 0.</summary>
    public static string Of(long nanoseconds, DateTimeOffset now) =>
        nanoseconds == 0 ? "" : Of(now - DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100));

    /// <summary>A duration as an age; one that is negative, as after a clock change, is no age at all.</summary>
    public static string Of(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "now",
        { TotalMinutes: < 2 } => $"{(int)age.TotalSeconds}s ago",
        { TotalHours: < 2 } => $"{(int)age.TotalMinutes}m ago",
        { TotalDays: < 2 } => $"{(int)age.TotalHours}h ago",
        _ => $"{(int)age.TotalDays}d ago",
    };
}
