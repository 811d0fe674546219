using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>What to wait for on a descriptor, and what was found (poll(2)).</summary>
[Flags]
public enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>There is data to read; a pidfd's process has ended.</summary>
    Readable = 1,

    /// <summary>Writing will not block.</summary>
    Writable = 4,

    /// <summary>An error; only found, never asked for.</summary>
    Error = 8,

    /// <summary>The other end has closed; only found, never asked for.</summary>
    HangUp = 16,
}

/// <summary>One descriptor in a call of <see cref="Poll"/>; laid out as struct pollfd.</summary>
/// <param name="fd">The descriptor; a negative one is passed over.</param>
/// <param name="wanted">What to wait for.</param>
[StructLayout(LayoutKind.Sequential)]
public struct PollEntry(int fd, PollEvents wanted)
{
    /// <summary>The descriptor; a negative one is passed over.</summary>
    public int Descriptor = fd;

    /// <summary>What to wait for.</summary>
    public PollEvents Wanted = wanted;

    /// <summary>What was found.</summary>
    public PollEvents Found;

    /// <summary>True when anything was found: data, room, an error or a closed end.</summary>
    public readonly bool IsReady => Found != PollEvents.None;
}

/// <summary>Waits on a few descriptors at once with poll(2).</summary>
public static partial class Poll
{
    /// <summary>
    /// Blocks until one is ready or the time is over; null waits without end. Returns how many are ready, 0 at the deadline.
    /// A signal may end the wait early, so callers count their own deadlines.
    /// </summary>
    public static unsafe int Wait(Span<PollEntry> entries, TimeSpan? timeout)
    {
        var milliseconds = timeout is { } time ? (int)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, int.MaxValue) : -1;
        fixed (PollEntry* first = entries)
        {
            var ready = PollCall(first, (nuint)entries.Length, milliseconds);
            return ready < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR ? 0 : LinuxException.Check(ready, "poll");
        }
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static unsafe partial int PollCall(PollEntry* entries, nuint count, int milliseconds);
}
