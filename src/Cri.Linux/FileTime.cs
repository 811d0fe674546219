namespace Cri.Linux;

/// <summary>A file's time stamp.</summary>
/// <param name="Seconds">Seconds since 1970-01-01T00:00:00Z; negative before it.</param>
/// <param name="Nanoseconds">0 to 999,999,999, always counted forward.</param>
public readonly record struct FileTime(long Seconds, uint Nanoseconds);
