using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <content>The end of a child for which there was no pidfd.</content>
public static unsafe partial class ChildProcess
{
    private const int OneProcess = 1;
    private const int Exited = 4;

    /// <summary>Kills a child that leads its own process group, with that group, and reaps it, blocking until it has ended.</summary>
    public static void KillAndReap(int pid)
    {
        // siginfo_t as in PidFd.
        var info = stackalloc int[32];
        Signals.Send(-pid, Signals.SigKill);
        Signals.Send(pid, Signals.SigKill);
        while (WaitId(OneProcess, (uint)pid, info, Exited) < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int idType, uint id, int* info, int options);
}
