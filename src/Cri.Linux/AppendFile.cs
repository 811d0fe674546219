using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Files that are only ever appended to (O_APPEND, open(2)), such as logs.</summary>
public static partial class AppendFile
{
    private const int WriteOnlyCreateAppendCloseOnExec = 1 | 0x40 | 0x400 | 0x80000;

    /// <summary>Opens a file for appending and creates it when it is missing; its directory must exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Permission bits of a new file, subject to the umask.</param>
    public static Fd Open(string path, uint mode) =>
        new(LinuxException.Check(OpenCall(path, WriteOnlyCreateAppendCloseOnExec, mode), "open", path));

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);
}
