using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cri.Testing;

/// <summary>Reads the seccomp filter that a process has from the kernel (ptrace(2), PTRACE_SECCOMP_GET_FILTER).</summary>
public static partial class FilterOfProcess
{
    private const int Seize = 0x4206;
    private const int Interrupt = 0x4207;
    private const int GetFilter = 0x420c;
    private const int Detach = 17;
    private const int InvalidArgument = 22;
    private const int InstructionSize = 8;
    private const int WaitForAnyChild = 0x40000000; // __WALL

    /// <summary>The program of the filter that was loaded last; null where the kernel does not tell it. The process must not be one of ours.</summary>
    public static BpfProgram? Read(int pid)
    {
        // What traces is a thread, which has to make all calls.
        return Task.Factory.StartNew(() => Trace(pid), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).GetAwaiter().GetResult();
    }

    private static BpfProgram? Trace(int pid)
    {
        Check(Ptrace(Seize, pid, 0, 0));
        try
        {
            Check(Ptrace(Interrupt, pid, 0, 0));
            Check(WaitPid(pid, out _, WaitForAnyChild));
            var count = Ptrace(GetFilter, pid, 0, 0);
            if (count < 0 && Marshal.GetLastPInvokeError() is InvalidArgument)
            {
                // Built without CONFIG_CHECKPOINT_RESTORE.
                return null;
            }

            var instructions = new byte[InstructionSize * (int)Check(count)];
            unsafe
            {
                fixed (byte* into = instructions)
                {
                    Check(Ptrace(GetFilter, pid, 0, (nint)into));
                }
            }

            return new BpfProgram(instructions);
        }
        finally
        {
            _ = Ptrace(Detach, pid, 0, 0);
        }
    }

    private static nint Check(nint result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    private static partial nint Ptrace(int request, int pid, nint address, nint data);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int pid, out int status, int options);
}
