using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Space and inodes that something takes.</summary>
/// <param name="Bytes">Bytes on the device: allocated blocks, not file lengths.</param>
/// <param name="Inodes">Files, directories and links; several names of one file count once.</param>
public sealed partial record FileSystemUsage(long Bytes, long Inodes)
{
    private const int BlockSize = 512;

    /// <summary>Nothing.</summary>
    public static FileSystemUsage None { get; } = new(0, 0);

    /// <summary>The sum of two usages.</summary>
    public static FileSystemUsage operator +(FileSystemUsage left, FileSystemUsage right) =>
        new(left.Bytes + right.Bytes, left.Inodes + right.Inodes);

    /// <summary>The sum of two usages; the friendly name of the operator.</summary>
    public static FileSystemUsage Add(FileSystemUsage left, FileSystemUsage right) => left + right;

    /// <summary>
    /// What the tree at <paramref name="path"/> takes, itself included, without crossing into other file systems.
    /// What vanishes while it is read is not counted; null when the tree itself does not exist.
    /// </summary>
    /// <exception cref="LinuxException">A directory cannot be read.</exception>
    public static FileSystemUsage? OfTree(string path)
    {
        using var root = new Fd(Open(path, OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec, 0));
        if (root.IsInvalid)
        {
            var error = LinuxException.FromLast("open", path);
            return error.Error == Errno.ENOENT ? null : throw error;
        }

        var status = FileStatus.Of(root);
        return new FileSystemUsage(status.Blocks * BlockSize, 1) + OfContents(root, status.Device, []);
    }

    /// <summary>What the file system that holds <paramref name="path"/> has in use and in all (statfs(2)).</summary>
    /// <exception cref="LinuxException">There is no such path.</exception>
    public static unsafe (FileSystemUsage Used, FileSystemUsage Total) OfFileSystem(string path)
    {
        // struct statfs: f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree, ... all 64-bit.
        var buffer = stackalloc long[16];
        LinuxException.Check(Statfs(path, buffer), "statfs", path);
        var (blockSize, blocks, free, files, freeFiles) = (buffer[1], buffer[2], buffer[3], buffer[5], buffer[6]);
        return (new((blocks - free) * blockSize, files - freeFiles), new(blocks * blockSize, files));
    }

    private static FileSystemUsage OfContents(Fd directory, ulong device, HashSet<ulong> linked)
    {
        var usage = None;
        foreach (var name in DirectoryEntries.Read(directory))
        {
            var status = FileStatus.Of(directory, name);
            var counted = status is not null && status.Device == device
                && (status.Kind == FileKind.Directory || status.Links == 1 || linked.Add(status.Inode));
            if (!counted)
            {
                continue;
            }

            usage += new FileSystemUsage(status!.Blocks * BlockSize, 1);
            if (status.Kind == FileKind.Directory)
            {
                usage += OfDirectory(directory, name, device, linked);
            }
        }

        return usage;
    }

    private static FileSystemUsage OfDirectory(Fd parent, byte[] name, ulong device, HashSet<ulong> linked)
    {
        var flags = OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec;
        using var directory = new Fd(OpenAt(parent, NativePath.Terminate(name), flags, 0));
        return directory.IsInvalid ? None : OfContents(directory, device, linked);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(Fd directory, byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statfs(string path, long* buffer);
}
