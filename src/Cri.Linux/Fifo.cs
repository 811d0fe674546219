using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Named pipes (fifo(7)). Everything opened is non-blocking and close-on-exec, and no open waits for the other side.</summary>
public static partial class Fifo
{
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;
    private const int ReadWrite = 2;
    private const int NonBlockCloseOnExec = 0x800 | 0x80000;
    private const uint FifoType = 0x1000;

    /// <summary>Makes a fifo. Throws EEXIST when the path is taken.</summary>
    /// <param name="path">Where.</param>
    /// <param name="mode">Permission bits, subject to the umask.</param>
    public static void Create(string path, uint mode) => LinuxException.Check(Mknod(path, FifoType | mode, 0), "mknod", path);

    /// <summary>Opens the reading end. It reads 0 bytes while nobody holds the writing end.</summary>
    public static Fd OpenReader(string path) => Open(path, ReadOnly);

    /// <summary>Opens the writing end. Throws ENXIO while nobody holds the reading end.</summary>
    public static Fd OpenWriter(string path) => Open(path, WriteOnly);

    /// <summary>Opens both ends in one, which always succeeds: writes wait for a reader to come instead of failing.</summary>
    public static Fd OpenBoth(string path) => Open(path, ReadWrite);

    private static Fd Open(string path, int flags) =>
        new(LinuxException.Check(OpenCall(path, flags | NonBlockCloseOnExec, 0), "open", path));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mknod(string path, uint mode, ulong device);
}
