using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Making, renaming and removing entries of an open directory.</summary>
public sealed partial class FileTree
{
    private const int RemoveDirectoryFlag = 0x200;

    /// <summary>Makes a directory. EEXIST when the name is taken.</summary>
    public static void MakeDirectory(Fd parent, ReadOnlySpan<byte> name, int permissions) =>
        Check(MkdirAt(parent, NativePath.Terminate(name), (uint)permissions), "mkdirat", name);

    /// <summary>Makes a directory; false when the name is taken, by whatever.</summary>
    public static bool TryMakeDirectory(Fd parent, ReadOnlySpan<byte> name, int permissions)
    {
        if (MkdirAt(parent, NativePath.Terminate(name), (uint)permissions) == 0)
        {
            return true;
        }

        var error = LinuxException.FromLast("mkdirat", NativePath.Show(name));
        return error.Error == Errno.EEXIST ? false : throw error;
    }

    /// <summary>Opens a directory so that <see cref="DirectoryEntries"/> can list it. A symbolic link is not followed.</summary>
    public static Fd OpenDirectory(Fd parent, ReadOnlySpan<byte> name) => OpenListed(parent, NativePath.Terminate(name), name);

    /// <summary>Makes a new, empty regular file and opens it for writing. EEXIST when the name is taken.</summary>
    public static Fd CreateFile(Fd parent, ReadOnlySpan<byte> name, int permissions) =>
        new(Check(Create(parent, name, permissions), "openat", name));

    /// <summary>As <see cref="CreateFile"/>; null when the name is taken.</summary>
    public static Fd? TryCreateFile(Fd parent, ReadOnlySpan<byte> name, int permissions)
    {
        var file = Create(parent, name, permissions);
        if (file >= 0)
        {
            return new Fd(file);
        }

        var error = LinuxException.FromLast("openat", NativePath.Show(name));
        return error.Error == Errno.EEXIST ? null : throw error;
    }

    /// <summary>Makes a symbolic link with any target; the target is not looked at. EEXIST when the name is taken.</summary>
    public static void MakeSymbolicLink(Fd parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target) =>
        Check(SymlinkAt(NativePath.Terminate(target), parent, NativePath.Terminate(name)), "symlinkat", name);

    /// <summary>Makes a second name for an existing file; a symbolic link is linked itself, not followed.</summary>
    public static void MakeHardLink(Fd existingParent, ReadOnlySpan<byte> existing, Fd parent, ReadOnlySpan<byte> name) =>
        Check(LinkAt(existingParent, NativePath.Terminate(existing), parent, NativePath.Terminate(name), 0), "linkat", name);

    /// <summary>Makes a device node, a fifo or a socket. <paramref name="device"/> counts for devices only.</summary>
    public static void MakeNode(Fd parent, ReadOnlySpan<byte> name, FileKind kind, int permissions, ulong device) =>
        Check(MknodAt(parent, NativePath.Terminate(name), (uint)kind | (uint)permissions, device), "mknodat", name);

    /// <summary>Renames an entry, replacing what has the new name already.</summary>
    public static void Rename(Fd parent, ReadOnlySpan<byte> name, Fd newParent, ReadOnlySpan<byte> newName) =>
        Check(RenameAt(parent, NativePath.Terminate(name), newParent, NativePath.Terminate(newName)), "renameat", name);

    /// <summary>Removes an entry of any kind, a directory with everything below it. Does nothing when there is none.</summary>
    /// <exception cref="LinuxException">Something below it cannot be removed.</exception>
    public static void Remove(Fd parent, ReadOnlySpan<byte> name)
    {
        var path = NativePath.Terminate(name);
        if (UnlinkAt(parent, path, 0) == 0)
        {
            return;
        }

        var error = LinuxException.FromLast("unlinkat", NativePath.Show(name));
        if (error.Error == Errno.ENOENT)
        {
            return;
        }

        // Linux says EISDIR for a directory; POSIX says EPERM.
        if (error.Error is not (Errno.EISDIR or Errno.EPERM))
        {
            throw error;
        }

        RemoveContents(parent, path, name);
        Check(UnlinkAt(parent, path, RemoveDirectoryFlag), "unlinkat", name);
    }

    /// <summary>Removes the file or the whole directory at <paramref name="path"/>. Does nothing when there is none.</summary>
    /// <exception cref="LinuxException">Something below it cannot be removed, for example a mount point (EBUSY).</exception>
    public static void Remove(string path)
    {
        var full = Path.GetFullPath(path);
        using var parent = new Fd(OpenAt(AtFdCwd, Path.GetDirectoryName(full) ?? "/", OpenFlags.Path | OpenFlags.CloseOnExec, 0));
        if (!parent.IsInvalid)
        {
            Remove(parent, System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(full)));
        }
    }

    private static void RemoveContents(Fd parent, byte[] path, ReadOnlySpan<byte> name)
    {
        using var directory = OpenListed(parent, path, name);
        foreach (var entry in DirectoryEntries.Read(directory))
        {
            Remove(directory, entry);
        }
    }

    private static int Create(Fd parent, ReadOnlySpan<byte> name, int permissions)
    {
        var flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow | OpenFlags.CloseOnExec;
        return OpenAt(parent, NativePath.Terminate(name), flags, (uint)permissions);
    }

    private static Fd OpenListed(Fd parent, byte[] path, ReadOnlySpan<byte> name) =>
        new(Check(OpenAt(parent, path, OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec, 0), "openat", name));

    private static int Check(int result, string call, ReadOnlySpan<byte> name) =>
        result < 0 ? throw LinuxException.FromLast(call, NativePath.Show(name)) : result;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(Fd directory, byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    private static partial int MkdirAt(Fd directory, byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    private static partial int SymlinkAt(byte[] target, Fd directory, byte[] path);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    private static partial int LinkAt(Fd fromDirectory, byte[] from, Fd toDirectory, byte[] to, int flags);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true)]
    private static partial int MknodAt(Fd directory, byte[] path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    private static partial int RenameAt(Fd fromDirectory, byte[] from, Fd toDirectory, byte[] to);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    private static partial int UnlinkAt(Fd directory, byte[] path, int flags);
}
