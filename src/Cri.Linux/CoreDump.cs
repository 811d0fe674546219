using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Whether a crash of this process writes its memory to a file (PR_SET_DUMPABLE, prctl(2)).</summary>
public static partial class CoreDump
{
    private const int SetDumpable = 4;

    /// <summary>
    /// Keeps the memory out of core files, and other processes without CAP_SYS_PTRACE out of the memory. Programs that are started
    /// afterwards may dump theirs: unlike the limit RLIMIT_CORE, it ends with execve(2).
    /// </summary>
    public static void Forbid() => LinuxException.Check(Prctl(SetDumpable, 0, 0, 0, 0), "prctl PR_SET_DUMPABLE");

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Prctl(int option, nuint a, nuint b, nuint c, nuint d);
}
