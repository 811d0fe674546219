using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>
/// The capabilities of the calling thread (capabilities(7)), which threads that it starts inherit. The bounding set stays as it is,
/// so a program that root starts has all of them again.
/// </summary>
public static unsafe partial class ThreadCapabilities
{
    private const uint Version3 = 0x20080522;
    private const int SysPtrace = 19;

    // NET_BROADCAST, NET_RAW, IPC_LOCK, IPC_OWNER, SYS_MODULE, SYS_RAWIO, SYS_PACCT, SYS_BOOT, SYS_NICE, SYS_TIME, SYS_TTY_CONFIG,
    // AUDIT_WRITE, AUDIT_CONTROL, SYSLOG, WAKE_ALARM, BLOCK_SUSPEND, AUDIT_READ, PERFMON, BPF, CHECKPOINT_RESTORE (linux/capability.h).
    // Those that have to do with files stay: what a container does on an overlayfs is also asked of the capabilities of whoever has
    // mounted it, so without MKNOD, SETFCAP or LINUX_IMMUTABLE here no container could make use of its own.
    private static readonly int[] _unneeded = [11, 13, 14, 15, 16, 17, 20, 22, 23, 25, 26, 29, 30, 34, 35, 36, 37, 38, 39, 40];

    /// <summary>
    /// Gives up the capabilities that neither a server nor a shim has a use for: modules, raw devices, the clock, the kernel's log,
    /// raw sockets and the like. Call it before there are other threads. Nothing happens without CAP_SYS_PTRACE: the kernel then
    /// lets a process look only into those that have no more capabilities than itself, which the children would have.
    /// </summary>
    public static void DropUnneeded()
    {
        if (Has(SysPtrace))
        {
            Drop(_unneeded);
        }
    }

    /// <summary>Gives up these capabilities, by their numbers, for good: neither effective nor permitted.</summary>
    public static void Drop(IEnumerable<int> capabilities)
    {
        var dropped = capabilities.Aggregate(0ul, (mask, number) => mask | (1ul << number));
        var header = new Header { Version = Version3 };
        var sets = stackalloc Sets[2];
        LinuxException.Check(CapGet(&header, sets), "capget");
        for (var half = 0; half < 2; half++)
        {
            var keep = ~(uint)(dropped >> (32 * half));
            sets[half].Effective &= keep;
            sets[half].Permitted &= keep;
            sets[half].Inheritable &= keep;
        }

        LinuxException.Check(CapSet(&header, sets), "capset");
    }

    /// <summary>True when the calling thread has the capability of this number in effect.</summary>
    public static bool Has(int capability)
    {
        var header = new Header { Version = Version3 };
        var sets = stackalloc Sets[2];
        LinuxException.Check(CapGet(&header, sets), "capget");
        return (sets[capability / 32].Effective >> (capability % 32) & 1) == 1;
    }

    [LibraryImport("libc", EntryPoint = "capget", SetLastError = true)]
    private static partial int CapGet(Header* header, Sets* sets);

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static partial int CapSet(Header* header, Sets* sets);

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public uint Version;
        public int Pid;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Sets
    {
        public uint Effective;
        public uint Permitted;
        public uint Inheritable;
    }
}
