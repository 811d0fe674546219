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
    private const ulong ResolveBeneath = 0x08;
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

    /// <inheritdoc/>
    public void Dispose() => Root.Dispose();

    private unsafe long OpenBeneath(ReadOnlySpan<byte> path, int flags)
    {
        // struct open_how: flags, mode, resolve.
        var how = stackalloc ulong[3];
        how[0] = (uint)(flags | OpenFlags.CloseOnExec);
        how[1] = 0;
        how[2] = ResolveBeneath | ResolveNoMagicLinks;
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

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int directory, string path, int flags, uint mode);
}
