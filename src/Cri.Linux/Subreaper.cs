using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>A process that inherits the orphans among its descendants (PR_SET_CHILD_SUBREAPER, prctl(2)).</summary>
public static unsafe partial class Subreaper
{
    private const int SetChildSubreaper = 36;
    private const int AnyProcess = 0;
    private const int OneProcess = 1;
    private const int WNoHang = 1;
    private const int WExited = 4;
    private const int WNoWait = 0x01000000;

    /// <summary>Makes this process a subreaper, for good.</summary>
    public static void Become() =>
        LinuxException.Check(Prctl(SetChildSubreaper, 1, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER");

    /// <summary>
    /// Reaps ended children that nobody waits for, without blocking. It stops at one that <paramref name="isAwaited"/> knows,
    /// which its own waiter reaps.
    /// </summary>
    public static void ReapOrphans(Func<int, bool> isAwaited)
    {
        // siginfo_t as in PidFd: si_pid is its fifth int.
        var info = stackalloc int[32];
        while (true)
        {
            info[4] = 0;
            if (WaitId(AnyProcess, 0, info, WExited | WNoHang | WNoWait) < 0 || info[4] == 0 || isAwaited(info[4]))
            {
                return;
            }

            WaitId(OneProcess, (uint)info[4], info, WExited | WNoHang);
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int idType, uint id, int* info, int options);
}
