using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>The type bits of a mode, as in inode(7).</summary>
public enum FileKind
{
    /// <summary>A named pipe.</summary>
    Fifo = 0x1000,

    /// <summary>A character device.</summary>
    CharacterDevice = 0x2000,

    /// <summary>A directory.</summary>
    Directory = 0x4000,

    /// <summary>A block device.</summary>
    BlockDevice = 0x6000,

    /// <summary>A regular file.</summary>
    Regular = 0x8000,

    /// <summary>A symbolic link.</summary>
    SymbolicLink = 0xA000,

    /// <summary>A unix socket.</summary>
    Socket = 0xC000,
}

/// <summary>What statx(2) says of one file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Permissions">The low twelve bits of the mode: permissions, setuid, setgid and sticky.</param>
/// <param name="UserId">The owning user.</param>
/// <param name="GroupId">The owning group.</param>
/// <param name="Links">The number of hard links.</param>
/// <param name="Inode">The inode number.</param>
/// <param name="Device">The device of the file system, as makedev(3) packs it.</param>
/// <param name="Size">The length in bytes.</param>
/// <param name="Blocks">The space used, in units of 512 bytes.</param>
/// <param name="Modified">The time of the last change of the content.</param>
/// <param name="SpecialDevice">For a device node, the device it stands for.</param>
public sealed partial record FileStatus(
    FileKind Kind, int Permissions, uint UserId, uint GroupId, uint Links, ulong Inode, ulong Device, long Size, long Blocks,
    FileTime Modified, ulong SpecialDevice)
{
    private const int AtFdCwd = -100;
    private const int SymlinkNoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    /// <summary>The status of the file at <paramref name="path"/>, or of a symbolic link there itself; null when there is none.</summary>
    /// <exception cref="LinuxException">It cannot be examined for another reason.</exception>
    public static FileStatus? Of(string path) =>
        Read(AtFdCwd, NativePath.Terminate(System.Text.Encoding.UTF8.GetBytes(path)), SymlinkNoFollow, path);

    /// <summary>The status of what <paramref name="path"/> leads to, through symbolic links; null when there is none.</summary>
    /// <exception cref="LinuxException">It cannot be examined for another reason.</exception>
    public static FileStatus? OfTarget(string path) => Read(AtFdCwd, NativePath.Terminate(System.Text.Encoding.UTF8.GetBytes(path)), 0, path);

    /// <summary>The status of the entry <paramref name="name"/> of an open directory; null when there is none.</summary>
    /// <exception cref="LinuxException">It cannot be examined for another reason.</exception>
    public static FileStatus? Of(Fd directory, ReadOnlySpan<byte> name) =>
        Read(directory.Number, NativePath.Terminate(name), SymlinkNoFollow, NativePath.Show(name));

    /// <summary>The status of an open file or directory.</summary>
    /// <exception cref="LinuxException">The descriptor is not valid.</exception>
    public static FileStatus Of(Fd file) =>
        Read(file.Number, [0], EmptyPath, $"fd {file.Number}") ?? throw new LinuxException("statx", $"fd {file.Number}", (int)Errno.ENOENT);

    private static unsafe FileStatus? Read(int directory, byte[] name, int flags, string target)
    {
        var buffer = stackalloc byte[256];
        fixed (byte* path = name)
        {
            if (Statx(directory, path, flags, BasicStats, buffer) < 0)
            {
                var error = LinuxException.FromLast("statx", target);
                return error.Error == Errno.ENOENT ? null : throw error;
            }
        }

        // struct statx, the same on every 64-bit architecture; see statx(2).
        var mode = *(ushort*)(buffer + 28);
        return new FileStatus(
            (FileKind)(mode & 0xF000), mode & 0xFFF, *(uint*)(buffer + 20), *(uint*)(buffer + 24), *(uint*)(buffer + 16),
            *(ulong*)(buffer + 32), DeviceNumber.Pack(*(uint*)(buffer + 136), *(uint*)(buffer + 140)), *(long*)(buffer + 40),
            *(long*)(buffer + 48), new FileTime(*(long*)(buffer + 112), *(uint*)(buffer + 120)),
            DeviceNumber.Pack(*(uint*)(buffer + 128), *(uint*)(buffer + 132)));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static unsafe partial int Statx(int directory, byte* path, int flags, uint mask, byte* buffer);
}
