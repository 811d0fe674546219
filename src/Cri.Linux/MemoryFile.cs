using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Files in memory that have no name in any file system (memfd_create(2)), closed on execve(2).</summary>
internal static partial class MemoryFile
{
    private const uint CloseOnExec = 1; // MFD_CLOEXEC
    private const uint AllowSealing = 2; // MFD_ALLOW_SEALING

    /// <summary>An empty file, open for reading and writing.</summary>
    /// <param name="name">What /proc calls it.</param>
    /// <param name="isSealable">True when it can be sealed against changes later.</param>
    internal static Fd Create(string name, bool isSealable) =>
        new(LinuxException.Check(MemFdCreate(name, CloseOnExec | (isSealable ? AllowSealing : 0)), "memfd_create"));

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemFdCreate(string name, uint flags);
}
