using System.Runtime.InteropServices;
using Cri.Linux.Faults;

namespace Cri.Linux;

/// <summary>
/// Replaces a file as a whole: a reader sees the old content or the new, never a part, whatever is killed when.
/// The temporary name starts with <see cref="TemporaryPrefix"/>, so that a start can sweep what a crash left.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>What every unfinished file's name starts with.</summary>
    public const string TemporaryPrefix = ".tmp-";

    private const UnixFileMode DefaultMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Replaces <paramref name="path"/> durably: when this returns, the content survives a power cut.</summary>
    /// <exception cref="LinuxException">A step failed; the old file is untouched and no temporary file is left.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = DefaultMode)
    {
        Replace(path, content, mode, durable: true);
        SyncFs.Directory(DirectoryOf(path));
    }

    /// <summary>Replaces <paramref name="path"/> without forcing it to a device: for tmpfs and for state that ends with a reboot.</summary>
    /// <exception cref="LinuxException">A step failed; the old file is untouched and no temporary file is left.</exception>
    public static void WriteVolatile(string path, ReadOnlySpan<byte> content, UnixFileMode mode = DefaultMode) =>
        Replace(path, content, mode, durable: false);

    /// <summary>Removes <paramref name="path"/> durably. Returns false when there was none.</summary>
    /// <exception cref="LinuxException">It exists and cannot be removed.</exception>
    public static bool Delete(string path)
    {
        if (Unlink(path) < 0)
        {
            var error = LinuxException.FromLast("unlink", path);
            return error.Error == Errno.ENOENT ? false : throw error;
        }

        SyncFs.Directory(DirectoryOf(path));
        return true;
    }

    private static void Replace(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool durable)
    {
        var temporary = Path.Join(DirectoryOf(path), TemporaryPrefix + Guid.NewGuid().ToString("n"));
        try
        {
            Fill(temporary, content, mode, durable);
            FaultPoint.Reach(FaultPoints.FileWritten);
            LinuxException.Check(Rename(temporary, path), "rename", path);
            FaultPoint.Reach(FaultPoints.FileRenamed);
        }
        catch
        {
            Unlink(temporary);
            throw;
        }
    }

    private static void Fill(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool durable)
    {
        const int Flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.CloseOnExec;
        using var fd = new Fd(LinuxException.Check(Open(path, Flags, (uint)mode), "open", path));
        while (!content.IsEmpty)
        {
            var written = Write(fd, content, (nuint)content.Length);
            if (written < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR)
            {
                continue;
            }

            content = content[(int)LinuxException.Check(written, "write", path)..];
        }

        if (durable)
        {
            LinuxException.Check(Fsync(fd), "fsync", path);
        }
    }

    private static string DirectoryOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(Fd fd, ReadOnlySpan<byte> buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(Fd fd);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);
}
