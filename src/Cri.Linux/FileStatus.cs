using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>What an inode is.</summary>
public enum FileKind
{
    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    SymbolicLink,

    /// <summary>A character device.</summary>
    CharacterDevice,

    /// <summary>A block device.</summary>
    BlockDevice,

    /// <summary>A named pipe.</summary>
    Fifo,

    /// <summary>A socket.</summary>
    Socket,
}

/// <summary>The status of a file itself, links not followed (statx(2)).</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Its permission bits, 0 to 07777.</param>
/// <param name="Uid">Its owner.</param>
/// <param name="Gid">Its group.</param>
/// <param name="Major">The major number of the device it is.</param>
/// <param name="Minor">The minor number of the device it is.</param>
public readonly partial record struct FileStatus(FileKind Kind, uint Mode, uint Uid, uint Gid, uint Major, uint Minor)
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint BasicStatistics = 0x7ff;
    private const int StructureSize = 256;

    /// <summary>Reads the status; null when there is no such file. Throws for any other error.</summary>
    /// <param name="path">The file.</param>
    /// <param name="follow">True to follow a symbolic link at the end.</param>
    public static unsafe FileStatus? TryRead(string path, bool follow = false)
    {
        // struct statx: mode at 28, uid at 20, gid at 24, rdev major at 128, minor at 132.
        var buffer = stackalloc byte[StructureSize];
        if (Statx(CurrentDirectory, path, follow ? 0 : NoFollow, BasicStatistics, buffer) < 0)
        {
            var error = LinuxException.FromLast("statx", path);
            return error.Error is Errno.ENOENT or Errno.ENOTDIR ? null : throw error;
        }

        var mode = *(ushort*)(buffer + 28);
        return new FileStatus(
            Kind(mode), mode & 0xfffu, *(uint*)(buffer + 20), *(uint*)(buffer + 24), *(uint*)(buffer + 128), *(uint*)(buffer + 132));
    }

    /// <summary>True when overlayfs hides what lies below this directory (xattr <c>trusted.overlay.opaque</c>).</summary>
    public static unsafe bool IsOpaque(string directory)
    {
        byte value = 0;
        return GetAttribute(directory, "trusted.overlay.opaque", &value, 1) == 1 && value == (byte)'y';
    }

    private static FileKind Kind(ushort mode) => (mode & 0xf000) switch
    {
        0x4000 => FileKind.Directory,
        0xa000 => FileKind.SymbolicLink,
        0x2000 => FileKind.CharacterDevice,
        0x6000 => FileKind.BlockDevice,
        0x1000 => FileKind.Fifo,
        0xc000 => FileKind.Socket,
        _ => FileKind.Regular,
    };

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint GetAttribute(string path, string name, byte* value, nint size);
}
