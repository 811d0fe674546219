using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Descriptors that name a place in the file system (open(2)), most of them no more than that (O_PATH).</summary>
public static partial class PathFd
{
    /// <summary>Opens a directory.</summary>
    public static Fd OpenDirectory(string path) =>
        new(LinuxException.Check(OpenCall(path, OpenFlags.Path | OpenFlags.Directory | OpenFlags.CloseOnExec, 0), "open", path));

    /// <summary>Opens a file or directory, of whatever kind, without any access to its content.</summary>
    public static Fd Open(string path) =>
        new(LinuxException.Check(OpenCall(path, OpenFlags.Path | OpenFlags.CloseOnExec, 0), "open", path));

    /// <summary>Opens a file to be read, executed or handed to the kernel: a namespace's, for one.</summary>
    public static Fd OpenRead(string path) =>
        new(LinuxException.Check(OpenCall(path, OpenFlags.ReadOnly | OpenFlags.CloseOnExec, 0), "open", path));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);
}
