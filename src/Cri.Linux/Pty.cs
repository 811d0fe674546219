using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>The master side of a pseudo-terminal (pty(7)).</summary>
public static unsafe partial class Pty
{
    private const ulong SetWindowSize = 0x5414;
    private const ulong GetWindowSize = 0x5413;

    /// <summary>Sets the size, characters (TIOCSWINSZ, ioctl_tty(2)); the foreground processes get SIGWINCH.</summary>
    public static void Resize(Fd master, ushort columns, ushort rows)
    {
        var size = stackalloc ushort[4] { rows, columns, 0, 0 };
        LinuxException.Check(Ioctl(master.Number, SetWindowSize, size), "ioctl TIOCSWINSZ");
    }

    /// <summary>The size, characters.</summary>
    public static (ushort Columns, ushort Rows) Size(Fd master)
    {
        var size = stackalloc ushort[4];
        LinuxException.Check(Ioctl(master.Number, GetWindowSize, size), "ioctl TIOCGWINSZ");
        return (size[1], size[0]);
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, ulong request, ushort* size);
}
