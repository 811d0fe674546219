using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>The open files of a process (/proc/pid/fd).</summary>
public static unsafe partial class ProcessDescriptors
{
    private const int CloseRangeNumber = 436; // on all architectures
    private const uint FirstOfOthers = 3;
    private const uint MarkCloseOnExec = 4; // CLOSE_RANGE_CLOEXEC

    /// <summary>How many descriptors a process has open, and how many of them are sockets; none once it is gone.</summary>
    public static (int All, int Sockets) Count(int pid)
    {
        using var directory = new Fd(Open($"/proc/{pid}/fd", OpenFlags.Directory | OpenFlags.CloseOnExec, 0));
        if (directory.IsInvalid)
        {
            return default;
        }

        try
        {
            var names = DirectoryEntries.Read(directory);
            return (names.Count, names.Count(name => IsSocket(directory, name)));
        }
        catch (LinuxException)
        {
            return default;
        }
    }

    /// <summary>
    /// Keeps every descriptor that this process was started with, but the three standard ones, from the processes that it starts
    /// (close_range(2)). Kernels before 5.11 cannot, and pass them on.
    /// </summary>
    public static void KeepInherited() => _ = CloseRange(CloseRangeNumber, FirstOfOthers, uint.MaxValue, MarkCloseOnExec);

    // The link of a socket reads "socket:[123]".
    private static bool IsSocket(Fd directory, byte[] name)
    {
        var start = stackalloc byte[7];
        fixed (byte* path = NativePath.Terminate(name))
        {
            return ReadLinkAt(directory.Number, path, start, 7) == 7 && new ReadOnlySpan<byte>(start, 7).SequenceEqual("socket:"u8);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    // By number, for older C libraries have no name for it.
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint CloseRange(nint number, nuint first, nuint last, nuint flags);

    [LibraryImport("libc", EntryPoint = "readlinkat")]
    private static partial nint ReadLinkAt(int directory, byte* path, byte* target, nuint size);
}
