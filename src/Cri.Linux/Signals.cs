using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>Signals of whole processes (signal(7)).</summary>
public static partial class Signals
{
    /// <summary>Hang-up of a terminal.</summary>
    public const int SigHup = 1;

    /// <summary>Interrupt from a keyboard.</summary>
    public const int SigInt = 2;

    /// <summary>Kill; cannot be refused.</summary>
    public const int SigKill = 9;

    /// <summary>A write without a reader.</summary>
    public const int SigPipe = 13;

    /// <summary>Polite request to end.</summary>
    public const int SigTerm = 15;

    /// <summary>Ignores a signal in this process; children started by <see cref="ChildProcess"/> get the default again.</summary>
    public static void Ignore(int signal)
    {
        if (SignalCall(signal, 1) == -1)
        {
            throw LinuxException.FromLast("signal", $"{signal}");
        }
    }

    /// <summary>Sends a signal to a process, or to a process group by its negative id. Returns false when there is none.</summary>
    public static bool Send(int pid, int signal)
    {
        if (Kill(pid, signal) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == (int)Errno.ESRCH ? false : throw LinuxException.FromLast("kill", $"pid {pid}");
    }

    /// <summary>The process group of a process (getpgid(2)).</summary>
    public static int GroupOf(int pid) => LinuxException.Check(GetProcessGroup(pid), "getpgid", $"pid {pid}");

    [LibraryImport("libc", EntryPoint = "getpgid", SetLastError = true)]
    private static partial int GetProcessGroup(int pid);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SignalCall(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
