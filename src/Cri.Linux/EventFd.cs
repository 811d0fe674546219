using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>A non-blocking counter that wakes a waiting thread (eventfd(2)).</summary>
public static unsafe partial class EventFd
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlock = 0x800;

    /// <summary>Makes a counter at zero.</summary>
    public static Fd Create() => new(LinuxException.Check(Eventfd(0, CloseOnExec | NonBlock), "eventfd"));

    /// <summary>Makes the counter readable. Any thread may call it.</summary>
    public static void Set(Fd eventFd)
    {
        // It fails only when the counter is full, and then it is readable.
        ulong one = 1;
        Write(eventFd.Number, &one, sizeof(ulong));
    }

    /// <summary>Sets the counter to zero.</summary>
    public static void Reset(Fd eventFd)
    {
        ulong value;
        Read(eventFd.Number, &value, sizeof(ulong));
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int Eventfd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int fd, ulong* value, nint size);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int fd, ulong* value, nint size);
}
