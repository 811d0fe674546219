using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Descriptors that only name a place in the file system (O_PATH, open(2)).</summary>
public static partial class PathFd
{
    private const int PathDirectoryCloseOnExec = 0x200000 | 0x10000 | 0x80000;

    /// <summary>Opens a directory.</summary>
    public static Fd OpenDirectory(string path) =>
        new(LinuxException.Check(OpenCall(path, PathDirectoryCloseOnExec, 0), "open", path));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);
}
