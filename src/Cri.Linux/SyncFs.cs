using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Forces data to stable storage: a whole file system (syncfs(2)) or one directory's entries (fsync(2)).</summary>
public static partial class SyncFs
{
    /// <summary>Writes everything that is dirty on the file system that holds <paramref name="path"/>, and waits for it.</summary>
    /// <exception cref="LinuxException">The path cannot be opened, or the device reported EIO, ENOSPC or EDQUOT.</exception>
    public static void FileSystem(string path)
    {
        using var fd = Open(path);
        LinuxException.Check(Syncfs(fd), "syncfs", path);
    }

    /// <summary>Makes renames, creations and removals in the directory <paramref name="path"/> durable.</summary>
    /// <exception cref="LinuxException">The directory cannot be opened, or the device reported an error.</exception>
    public static void Directory(string path)
    {
        using var fd = Open(path);
        LinuxException.Check(Fsync(fd), "fsync", path);
    }

    private static Fd Open(string path) =>
        new(LinuxException.Check(Open(path, OpenFlags.Directory | OpenFlags.CloseOnExec, 0), "open", path));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int Syncfs(Fd fd);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(Fd fd);
}
