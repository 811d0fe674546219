using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>The number of the calling thread, and its own effective ids (credentials(7)), for what the kernel grants to an owner only.</summary>
public static partial class ThreadIdentity
{
    private const uint Unchanged = uint.MaxValue;
    private static readonly long _setResUid = IsArm64 ? 147 : 117;
    private static readonly long _setResGid = IsArm64 ? 149 : 119;

    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>
    /// Does something as another user and group and becomes root again. Call it on an <see cref="OwnThread"/>: no other
    /// work may come onto this thread meanwhile.
    /// </summary>
    public static void RunAs(uint userId, uint groupId, Action action)
    {
        Set(_setResGid, groupId, "setresgid");
        Set(_setResUid, userId, "setresuid");
        try
        {
            action();
        }
        finally
        {
            Set(_setResUid, 0, "setresuid");
            Set(_setResGid, 0, "setresgid");
        }
    }

    /// <summary>The kernel's number of the calling thread (gettid(2)).</summary>
    public static int Current => GetThreadId();

    // The system call itself: the C library's function would change every thread.
    private static void Set(long call, uint id, string name) =>
        LinuxException.Check(Syscall(call, Unchanged, id, Unchanged), name, $"{id}");

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int GetThreadId();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Syscall(long number, long a, long b, long c);
}
