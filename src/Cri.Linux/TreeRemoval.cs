using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>
/// Removes a file or a whole directory, step by step: it counts what it has removed, can be stopped between two entries, and
/// never enters another file system or mount that lies inside. Use once.
/// </summary>
/// <param name="path">What to remove.</param>
public sealed partial class TreeRemoval(string path)
{
    private const int AtFdCwd = -100;
    private const int RemoveDirectoryFlag = 0x200;
    private const long Openat2Call = 437;
    private const ulong ResolveNoCrossing = 0x01;
    private const ulong ResolveNoSymlinks = 0x04;

    // Whoever made the tree may have made it deeper than any stack, or any number of descriptors.
    private const int DepthMax = 64;

    private long _removed;

    /// <summary>How many entries are gone so far; may be read while it runs.</summary>
    public long Removed => Interlocked.Read(ref _removed);

    /// <summary>Removes it. Does nothing when there is none.</summary>
    /// <exception cref="OperationCanceledException">It was stopped; what is left can be removed later.</exception>
    /// <exception cref="LinuxException">Something cannot be removed. EXDEV or EBUSY: something is mounted inside.</exception>
    public void Run(CancellationToken cancellation)
    {
        var full = Path.GetFullPath(path);
        var name = Bytes(Path.GetFileName(full));
        using var parent = Open(AtFdCwd, Bytes(Path.GetDirectoryName(full) ?? "/"), 0);
        if (parent is null || Unlink(parent, name, 0) is not { } failure)
        {
            return;
        }

        if (failure.Error != Errno.EISDIR)
        {
            throw failure;
        }

        // Directories that lie too deep have come to the top: then again.
        do
        {
            using var top = Open(parent.Number, name, ResolveNoCrossing | ResolveNoSymlinks);
            if (top is null)
            {
                return;
            }

            RemoveContents(top, top, 1, cancellation);
        }
        while (!RemoveEmpty(parent, name));
    }

    private void RemoveContents(Fd directory, Fd top, int depth, CancellationToken cancellation)
    {
        for (List<byte[]> names; (names = DirectoryEntries.ReadNext(directory)).Count > 0;)
        {
            foreach (var name in names)
            {
                cancellation.ThrowIfCancellationRequested();
                Remove(directory, name, top, depth, cancellation);
            }
        }
    }

    private void Remove(Fd parent, byte[] name, Fd top, int depth, CancellationToken cancellation)
    {
        if (Unlink(parent, name, 0) is not { } failure)
        {
            return;
        }

        if (failure.Error != Errno.EISDIR)
        {
            throw failure;
        }

        if (depth == DepthMax)
        {
            FileTree.Rename(parent, name, top, Bytes($".deep-{Guid.NewGuid():n}"));
            return;
        }

        do
        {
            using var directory = Open(parent.Number, name, ResolveNoCrossing | ResolveNoSymlinks);
            if (directory is null)
            {
                return;
            }

            RemoveContents(directory, top, depth + 1, cancellation);
        }
        while (!RemoveEmpty(parent, name));
    }

    // False when something is in it: what came meanwhile, or was missed by reading a directory that changes.
    private bool RemoveEmpty(Fd parent, byte[] name) => Unlink(parent, name, RemoveDirectoryFlag) switch
    {
        null => true,
        { Error: Errno.ENOTEMPTY } => false,
        var failure => throw failure,
    };

    private LinuxException? Unlink(Fd parent, byte[] name, int flags)
    {
        if (UnlinkAt(parent, NativePath.Terminate(name), flags) == 0)
        {
            Interlocked.Increment(ref _removed);
            return null;
        }

        var error = LinuxException.FromLast("unlinkat", NativePath.Show(name));
        return error.Error == Errno.ENOENT ? null : error;
    }

    private static unsafe Fd? Open(int parent, byte[] name, ulong resolve)
    {
        // struct open_how: flags, mode, resolve.
        var how = stackalloc ulong[3];
        how[0] = (uint)(OpenFlags.Directory | OpenFlags.CloseOnExec);
        how[1] = 0;
        how[2] = resolve;
        long fd;
        fixed (byte* bytes = NativePath.Terminate(name))
        {
            do
            {
                fd = Openat2(Openat2Call, parent, bytes, how, 24);
            }
            while (fd < 0 && Marshal.GetLastPInvokeError() is (int)Errno.EAGAIN or (int)Errno.EINTR);
        }

        if (fd >= 0)
        {
            return new Fd((int)fd);
        }

        var error = LinuxException.FromLast("openat2", NativePath.Show(name));
        return error.Error == Errno.ENOENT ? null : throw error;
    }

    private static byte[] Bytes(string name) => System.Text.Encoding.UTF8.GetBytes(name);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    private static partial int UnlinkAt(Fd directory, byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long Openat2(long number, long directory, byte* path, ulong* how, long size);
}
