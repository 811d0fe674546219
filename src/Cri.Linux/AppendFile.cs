using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Files that are only ever appended to (O_APPEND, open(2)), such as logs.</summary>
public static unsafe partial class AppendFile
{
    private const int AtFdCwd = -100;
    private const long Openat2Call = 437;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const ulong ResolveNoSymbolicLinks = 0x04;
    private const int NoControllingTerminal = 0x100;
    private const int Flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.CloseOnExec | 0x400;

    /// <summary>Opens a file for appending and creates it when it is missing; its directory must exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Permission bits of a new file, subject to the umask.</param>
    public static Fd Open(string path, uint mode) =>
        new(LinuxException.Check(OpenCall(path, Flags, mode), "open", path));

    /// <summary>
    /// As <see cref="Open"/>, for a file that others could put something in the place of: no part of the path may be a symbolic
    /// link (ELOOP), and it is never waited for, as a pipe without a reader would be (ENXIO).
    /// </summary>
    public static Fd OpenReal(string path, uint mode)
    {
        // struct open_how: flags, mode, resolve (openat2(2)).
        var how = stackalloc ulong[3];
        how[0] = Flags | OpenFlags.NonBlocking | NoControllingTerminal;
        how[1] = mode;
        how[2] = ResolveNoSymbolicLinks | ResolveNoMagicLinks;
        fixed (byte* name = NativePath.Terminate(System.Text.Encoding.UTF8.GetBytes(path)))
        {
            return new Fd((int)LinuxException.Check(Openat2(Openat2Call, AtFdCwd, name, how, 24), "openat2", path));
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Openat2(long number, long directory, byte* path, ulong* how, long size);
}
