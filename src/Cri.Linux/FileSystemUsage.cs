using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Space and inodes that something takes.</summary>
/// <param name="Bytes">Bytes on the device: allocated blocks, not file lengths.</param>
/// <param name="Inodes">Files, directories and links; several names of one file count once.</param>
public sealed partial record FileSystemUsage(long Bytes, long Inodes)
{
    private const int BlockSize = 512;

    // Each level takes a descriptor while it is read.
    private const int DepthMax = 512;

    /// <summary>Nothing.</summary>
    public static FileSystemUsage None { get; } = new(0, 0);

    /// <summary>The sum of two usages.</summary>
    public static FileSystemUsage operator +(FileSystemUsage left, FileSystemUsage right) =>
        new(left.Bytes + right.Bytes, left.Inodes + right.Inodes);

    /// <summary>The sum of two usages; the friendly name of the operator.</summary>
    public static FileSystemUsage Add(FileSystemUsage left, FileSystemUsage right) => left + right;

    /// <summary>
    /// What the tree at <paramref name="path"/> takes, itself included, without crossing into other file systems, down to
    /// 512 directories deep.
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
        return new FileSystemUsage(status.Blocks * BlockSize, 1) + OfContents(root, status.Device);
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

    // A stack of its own, since a container can make directories deeper than a thread's.
    private static FileSystemUsage OfContents(Fd root, ulong device)
    {
        var usage = None;
        var linked = new HashSet<ulong>();
        var open = new Stack<(Fd Directory, Queue<byte[]> Names)>();
        try
        {
            open.Push((root, new Queue<byte[]>(DirectoryEntries.Read(root))));
            while (open.TryPeek(out var top))
            {
                if (!top.Names.TryDequeue(out var name))
                {
                    Close(open.Pop().Directory, root);
                    continue;
                }

                var status = FileStatus.Of(top.Directory, name);
                if (status is null || !IsCounted(status, device, linked))
                {
                    continue;
                }

                usage += new FileSystemUsage(status.Blocks * BlockSize, 1);
                if (status.Kind == FileKind.Directory && open.Count < DepthMax && Open(top.Directory, name) is { } directory)
                {
                    open.Push((directory, new Queue<byte[]>(DirectoryEntries.Read(directory))));
                }
            }
        }
        finally
        {
            foreach (var (directory, _) in open)
            {
                Close(directory, root);
            }
        }

        return usage;
    }

    private static bool IsCounted(FileStatus status, ulong device, HashSet<ulong> linked) =>
        status.Device == device && (status.Kind == FileKind.Directory || status.Links == 1 || linked.Add(status.Inode));

    private static void Close(Fd directory, Fd root)
    {
        if (!ReferenceEquals(directory, root))
        {
            directory.Dispose();
        }
    }

    private static Fd? Open(Fd parent, byte[] name)
    {
        var flags = OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec;
        var directory = new Fd(OpenAt(parent, NativePath.Terminate(name), flags, 0));
        return directory.IsInvalid ? null : directory;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(Fd directory, byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statfs(string path, long* buffer);
}
