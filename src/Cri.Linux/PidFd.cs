using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>How a child process ended.</summary>
/// <param name="Code">The exit code, or 128 plus the signal that killed it, as shells and the CRI count.</param>
/// <param name="Signal">The signal that killed it, or 0.</param>
public readonly record struct ChildExit(int Code, int Signal);

/// <summary>A process held by pidfd_open(2), so that its number cannot be reused under us.</summary>
public static partial class PidFd
{
    private const long PidfdOpenCall = 434;
    private const long PidfdSendSignalCall = 424;
    private const int IdTypePidFd = 3;
    private const int WExited = 4;
    private const int WNoHang = 1;
    private const int WNoWait = 0x1000000;
    private const int CldExited = 1;

    /// <summary>Opens a pidfd. Throws ESRCH when there is no such process.</summary>
    public static Fd Open(int pid)
    {
        var fd = LinuxException.Check(Syscall2(PidfdOpenCall, pid, 0), "pidfd_open", $"pid {pid}");
        return new Fd((int)fd);
    }

    /// <summary>Sends a signal. Returns false when the process is gone already.</summary>
    public static bool Signal(Fd pidfd, int signal)
    {
        if (SendSignal(PidfdSendSignalCall, pidfd, signal, 0, 0) == 0)
        {
            return true;
        }

        var error = LinuxException.FromLast("pidfd_send_signal", $"signal {signal}");
        return error.Error == Errno.ESRCH ? false : throw error;
    }

    /// <summary>True once the process has ended, even when nobody has reaped it: its pidfd is readable from then on (pidfd_open(2)).</summary>
    public static bool HasEnded(Fd pidfd)
    {
        var held = false;
        try
        {
            pidfd.DangerousAddRef(ref held);
            Span<PollEntry> entries = [new PollEntry(pidfd.Number, PollEvents.Readable)];
            return Poll.Wait(entries, TimeSpan.Zero) > 0;
        }
        finally
        {
            if (held)
            {
                pidfd.DangerousRelease();
            }
        }
    }

    /// <summary>Reaps a child without blocking. Null when it still runs.</summary>
    public static ChildExit? TryReap(Fd pidfd) => Reap(pidfd, WExited | WNoHang);

    /// <summary>How a child has ended, which leaves it to be reaped: its number is still its own. Null when it still runs.</summary>
    public static ChildExit? Peek(Fd pidfd) => Reap(pidfd, WExited | WNoHang | WNoWait);

    /// <summary>Reaps a child, blocking until it ends.</summary>
    public static ChildExit Reap(Fd pidfd) => Reap(pidfd, WExited) ?? default;

    private static unsafe ChildExit? Reap(Fd pidfd, int options)
    {
        // siginfo_t: si_signo, si_errno, si_code, pad, si_pid, si_uid, si_status (128 bytes in all).
        var info = stackalloc int[32];
        int rc;
        do
        {
            new Span<int>(info, 32).Clear();
            rc = WaitId(IdTypePidFd, pidfd, info, options);
        }
        while (rc < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EINTR);
        LinuxException.Check(rc, "waitid", $"pidfd {pidfd.Number}");
        if (info[4] == 0)
        {
            return null;
        }

        var status = info[6];
        return info[2] == CldExited ? new ChildExit(status, 0) : new ChildExit(128 + status, status);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Syscall2(long number, long a, long b);

    // The handle itself is passed, which keeps it open during the call: a number that was closed and given out again would be somebody
    // else's process.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SendSignal(long number, Fd pidfd, long signal, long info, long flags);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static unsafe partial int WaitId(int idType, Fd pidfd, int* info, int options);
}
