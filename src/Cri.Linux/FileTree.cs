using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>
/// A directory tree that untrusted names are created in. Every path is resolved below the root by openat2(2) with
/// RESOLVE_BENEATH: a name or a symbolic link that would lead out of it fails with EXDEV, whoever swaps what meanwhile.
/// Names are bytes, as the kernel has them. Entries are then made relative to an open directory.
/// </summary>
public sealed partial class FileTree : IDisposable
{
    private const long Openat2Call = 437;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const ulong ResolveNoSymbolicLinks = 0x04;
    private const ulong ResolveBeneath = 0x08;
    private const ulong ResolveInRoot = 0x10;
    private const int PathMax = 4096;
    private const int AtFdCwd = -100;
    private const int SymlinkNoFollow = 0x100;

    private readonly string _path;

    private FileTree(Fd root, string path)
    {
        Root = root;
        _path = path;
    }

    /// <summary>The root directory.</summary>
    public Fd Root { get; }

    /// <summary>Opens the tree at <paramref name="path"/>, which must be a directory.</summary>
    /// <exception cref="LinuxException">There is no such directory.</exception>
    public static FileTree Open(string path)
    {
        var flags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.CloseOnExec;
        return new FileTree(new Fd(LinuxException.Check(OpenAt(AtFdCwd, path, flags, 0), "open", path)), path);
    }

    /// <summary>
    /// Opens the directory at <paramref name="path"/>, relative to the root; an empty path is the root itself.
    /// Null when it does not exist.
    /// </summary>
    /// <exception cref="LinuxException">EXDEV: it leads out of the tree; ENOTDIR: it is not a directory; or another error.</exception>
    public Fd? OpenDirectory(ReadOnlySpan<byte> path)
    {
        var fd = OpenBeneath(path.IsEmpty ? "."u8 : path, OpenFlags.Path | OpenFlags.Directory);
        if (fd >= 0)
        {
            return new Fd((int)fd);
        }

        var error = LinuxException.FromLast("openat2", $"{_path}/{NativePath.Show(path)}");
        return error.Error == Errno.ENOENT ? null : throw error;
    }

    /// <summary>
    /// As <see cref="OpenDirectory(ReadOnlySpan{byte})"/>, but no part of the path may be a symbolic link: ELOOP. So the path is
    /// the only one that leads there.
    /// </summary>
    public Fd? OpenRealDirectory(ReadOnlySpan<byte> path)
    {
        var fd = Resolve(path.IsEmpty ? "."u8 : path, OpenFlags.Path | OpenFlags.Directory, ResolveBeneath | ResolveNoSymbolicLinks);
        if (fd >= 0)
        {
            return new Fd((int)fd);
        }

        var error = LinuxException.FromLast("openat2", $"{_path}/{NativePath.Show(path)}");
        return error.Error == Errno.ENOENT ? null : throw error;
    }

    /// <summary>Opens the file at <paramref name="path"/> for reading; no part of the path may be a symbolic link.</summary>
    /// <exception cref="LinuxException">ENOENT: there is none; ELOOP: a symbolic link; or another error.</exception>
    public Fd OpenFile(ReadOnlySpan<byte> path)
    {
        // Not a fifo: that would wait for a writer.
        var fd = Resolve(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking, ResolveBeneath | ResolveNoSymbolicLinks);
        return fd >= 0 ? new Fd((int)fd) : throw LinuxException.FromLast("openat2", $"{_path}/{NativePath.Show(path)}");
    }

    /// <summary>The path below the root of a directory that was opened in this tree, without symbolic links; empty for the root.</summary>
    /// <exception cref="LinuxException">It is not in the tree any more.</exception>
    public byte[] RealPath(Fd directory)
    {
        var (root, path) = (ReadMagicLink(Root), ReadMagicLink(directory));
        var isInside = path.AsSpan().StartsWith(root) && (path.Length == root.Length || path[root.Length] == '/');
        return isInside ? path[Math.Min(root.Length + 1, path.Length)..] : throw new LinuxException("readlink", NativePath.Show(path), (int)Errno.EXDEV);
    }

    /// <summary>
    /// Opens, without access to its content, what the path leads to when the root of the tree is taken for that of the whole
    /// file system: absolute links and ".." stay in the tree, as in a chroot(2).
    /// </summary>
    /// <exception cref="LinuxException">ENOENT: there is nothing; ELOOP: too many links; ENOTDIR or another error.</exception>
    public Fd OpenInRoot(string path)
    {
        var name = System.Text.Encoding.UTF8.GetBytes(path);
        var fd = Resolve(name, OpenFlags.Path, ResolveInRoot | ResolveNoMagicLinks);
        return new Fd((int)LinuxException.Check(fd, "openat2", $"{path} in {_path}"));
    }

    /// <inheritdoc/>
    public void Dispose() => Root.Dispose();

    private long OpenBeneath(ReadOnlySpan<byte> path, int flags) => Resolve(path, flags, ResolveBeneath | ResolveNoMagicLinks);

    private unsafe long Resolve(ReadOnlySpan<byte> path, int flags, ulong resolve)
    {
        // struct open_how: flags, mode, resolve.
        var how = stackalloc ulong[3];
        how[0] = (uint)(flags | OpenFlags.CloseOnExec);
        how[1] = 0;
        how[2] = resolve;
        fixed (byte* name = NativePath.Terminate(path))
        {
            long fd;
            do
            {
                // EAGAIN: a rename elsewhere raced with "..", so the kernel could not be sure; ask again.
                fd = Openat2(Openat2Call, Root.Number, name, how, 24);
            }
            while (fd < 0 && Marshal.GetLastPInvokeError() is (int)Errno.EAGAIN or (int)Errno.EINTR);
            return fd;
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial long Openat2(long number, long directory, byte* path, ulong* how, long size);

    private static byte[] ReadMagicLink(Fd directory)
    {
        var buffer = new byte[PathMax];
        var length = ReadLink($"/proc/self/fd/{directory.Number}", buffer, (nuint)buffer.Length);
        return buffer[..(int)LinuxException.Check(length, "readlink", $"/proc/self/fd/{directory.Number}")];
    }

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ReadLink(string path, Span<byte> buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int directory, string path, int flags, uint mode);
}
