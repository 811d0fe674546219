using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Owners, permissions, times and content of entries.</summary>
public sealed partial class FileTree
{
    private const uint OmitTime = 0x3ffffffe;
    private const uint SyncFileRangeWrite = 2;

    /// <summary>Sets the owner of an entry without following it. It clears setuid bits and file capabilities, so set those after.</summary>
    public static void SetOwner(Fd parent, ReadOnlySpan<byte> name, uint userId, uint groupId) =>
        Check(FchownAt(parent, NativePath.Terminate(name), userId, groupId, SymlinkNoFollow), "fchownat", name);

    /// <summary>Sets the owner of an open file. It clears setuid bits and file capabilities, so set those after.</summary>
    public static void SetOwner(Fd file, uint userId, uint groupId) =>
        LinuxException.Check(Fchown(file, userId, groupId), "fchown");

    /// <summary>Sets the permissions, setuid, setgid and sticky bits of an entry that is not a symbolic link, whatever the umask.</summary>
    public static void SetPermissions(Fd parent, ReadOnlySpan<byte> name, int permissions) =>
        Check(FchmodAt(parent, NativePath.Terminate(name), (uint)permissions, 0), "fchmodat", name);

    /// <summary>Sets the permissions, setuid, setgid and sticky bits of an open file, whatever the umask.</summary>
    public static void SetPermissions(Fd file, int permissions) =>
        LinuxException.Check(Fchmod(file, (uint)permissions), "fchmod");

    /// <summary>Sets the modification time of an entry without following it; the access time stays.</summary>
    public static unsafe void SetModified(Fd parent, ReadOnlySpan<byte> name, FileTime modified)
    {
        var times = stackalloc long[4] { 0, OmitTime, modified.Seconds, modified.Nanoseconds };
        Check(UtimensAt(parent, NativePath.Terminate(name), times, SymlinkNoFollow), "utimensat", name);
    }

    /// <summary>Sets the modification time of an open file; the access time stays.</summary>
    public static unsafe void SetModified(Fd file, FileTime modified)
    {
        var times = stackalloc long[4] { 0, OmitTime, modified.Seconds, modified.Nanoseconds };
        LinuxException.Check(Futimens(file, times), "futimens");
    }

    /// <summary>Writes all of <paramref name="content"/> at the file's position.</summary>
    /// <exception cref="LinuxException">ENOSPC, EDQUOT, EIO and the like.</exception>
    public static void Write(Fd file, ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            var written = Write(file, content, (nuint)content.Length);
            if (written < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR)
            {
                continue;
            }

            content = content[(int)LinuxException.Check(written, "write")..];
        }
    }

    /// <summary>
    /// Starts to bring a part of a file to the disk and does not wait for it (sync_file_range(2)). It makes nothing durable, and
    /// leaves errors to whoever syncs the file or the file system.
    /// </summary>
    public static void StartWriteback(Fd file, long offset, long length) => SyncFileRange(file, offset, length, SyncFileRangeWrite);

    /// <summary>Reads some of an open file from <paramref name="offset"/> on; 0 at its end.</summary>
    /// <exception cref="LinuxException">EIO and the like.</exception>
    public static int ReadAt(Fd file, Span<byte> buffer, long offset)
    {
        nint count;
        do
        {
            count = Pread(file, buffer, (nuint)buffer.Length, offset);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        return (int)LinuxException.Check(count, "pread");
    }

    /// <summary>The target of the symbolic link <paramref name="name"/>.</summary>
    /// <exception cref="LinuxException">EINVAL: it is something else; ENOENT: there is none.</exception>
    public static byte[] ReadSymbolicLink(Fd parent, ReadOnlySpan<byte> name)
    {
        var buffer = new byte[PathMax];
        return buffer[..(int)LinuxException.Check(ReadLinkAt(parent, NativePath.Terminate(name), buffer, (nuint)buffer.Length), "readlinkat", NativePath.Show(name))];
    }

    // Its result is of no use: where a file system does not have it, the later sync does everything.
    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(Fd file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint Pread(Fd file, Span<byte> buffer, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    private static partial nint ReadLinkAt(Fd directory, byte[] path, Span<byte> buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    private static partial int FchownAt(Fd directory, byte[] path, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int Fchown(Fd file, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fchmodat", SetLastError = true)]
    private static partial int FchmodAt(Fd directory, byte[] path, uint mode, int flags);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int Fchmod(Fd file, uint mode);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    private static unsafe partial int UtimensAt(Fd directory, byte[] path, long* times, int flags);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    private static unsafe partial int Futimens(Fd file, long* times);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(Fd file, ReadOnlySpan<byte> buffer, nuint length);
}
