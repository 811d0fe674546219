using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Reads and writes bytes of any descriptor (read(2), write(2)).</summary>
public static unsafe partial class FdStream
{
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int NonBlock = 0x800;

    /// <summary>What <see cref="Read"/> and <see cref="Write"/> return when a non-blocking descriptor is not ready.</summary>
    public const int WouldBlock = -1;

    /// <summary>Reads what is there: the count, 0 at the end, or <see cref="WouldBlock"/>.</summary>
    public static int Read(Fd fd, Span<byte> buffer)
    {
        nint count;
        do
        {
            fixed (byte* bytes = buffer)
            {
                count = ReadCall(fd.Number, bytes, buffer.Length);
            }
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        return Result(count, "read", fd);
    }

    /// <summary>Writes what fits: the count or <see cref="WouldBlock"/>.</summary>
    public static int Write(Fd fd, ReadOnlySpan<byte> buffer)
    {
        nint count;
        do
        {
            fixed (byte* bytes = buffer)
            {
                count = WriteCall(fd.Number, bytes, buffer.Length);
            }
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        return Result(count, "write", fd);
    }

    /// <summary>Writes everything to a blocking descriptor.</summary>
    public static void WriteAll(Fd fd, ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            buffer = buffer[Math.Max(0, Write(fd, buffer))..];
        }
    }

    /// <summary>Makes the open file description non-blocking, for everyone who shares it.</summary>
    public static void SetNonBlocking(Fd fd)
    {
        var flags = LinuxException.Check(Fcntl(fd.Number, GetFlags, 0), "fcntl F_GETFL");
        LinuxException.Check(Fcntl(fd.Number, SetFlags, flags | NonBlock), "fcntl F_SETFL");
    }

    /// <summary>Makes the open file description blocking, for everyone who shares it.</summary>
    public static void SetBlocking(Fd fd)
    {
        var flags = LinuxException.Check(Fcntl(fd.Number, GetFlags, 0), "fcntl F_GETFL");
        LinuxException.Check(Fcntl(fd.Number, SetFlags, flags & ~NonBlock), "fcntl F_SETFL");
    }

    /// <summary>Keeps the descriptor from programs started later.</summary>
    public static void SetCloseOnExec(Fd fd) =>
        LinuxException.Check(Fcntl(fd.Number, SetDescriptorFlags, CloseOnExec), "fcntl F_SETFD");

    private static int Result(nint count, string call, Fd fd)
    {
        if (count >= 0)
        {
            return (int)count;
        }

        return Marshal.GetLastPInvokeError() == (int)Errno.EAGAIN
            ? WouldBlock
            : throw LinuxException.FromLast(call, $"fd {fd.Number}");
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadCall(int fd, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteCall(int fd, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int fd, int command, int argument);
}
