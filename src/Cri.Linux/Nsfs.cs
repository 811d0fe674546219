using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Files that stand for a namespace: /proc/PID/ns/*, and what they are bind mounted on.</summary>
public static partial class Nsfs
{
    private const long NsfsMagic = 0x6e736673;

    // struct statfs starts with f_type, a long, and is 120 bytes on x86-64 and arm64.
    private const int StatfsLongs = 32;

    /// <summary>
    /// True when the path leads to a namespace; false when nothing is there, or only the file of a pin that was unmounted.
    /// </summary>
    public static unsafe bool IsNamespace(string path)
    {
        var statfs = stackalloc long[StatfsLongs];
        return Statfs(path, statfs) == 0 && statfs[0] == NsfsMagic;
    }

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statfs(string path, long* buffer);
}
