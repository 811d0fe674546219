using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Cri.Linux;

namespace Cri.RuntimeService.Runtimes;

/// <summary>
/// The smallest init a pod can have: an executable of under 350 bytes, put together here so that nothing needs to be compiled,
/// shipped or pulled. It leaves the reaping of its children to the kernel (SIGCHLD is ignored), exits with 0 on SIGTERM, and sleeps
/// otherwise.
/// </summary>
/// <remarks>References: rt_sigaction(2), and the kernel's system call tables for each architecture.</remarks>
public static class PodInitBinary
{
    // The kernel's struct sigaction: handler, flags, restorer, mask; 8 bytes each on both architectures.
    private const int SigactionSize = 32;
    private const ulong SigIgn = 1;
    private const ulong SaRestorer = 0x04000000;

    /// <summary>The executable for this machine.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no code for this architecture.</exception>
    public static byte[] ForThisMachine() => For(RuntimeInformation.ProcessArchitecture);

    /// <summary>The executable for an architecture.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no code for it.</exception>
    public static byte[] For(Architecture architecture) => architecture switch
    {
        Architecture.X64 => Assemble(ElfExecutable.MachineX64, X64.Code, X64.ExitOffset),
        Architecture.Arm64 => Assemble(ElfExecutable.MachineArm64, Arm64.Code, Arm64.ExitOffset),
        _ => throw new PlatformNotSupportedException($"no pod init for {architecture}"),
    };

    // The code, then the two sigactions that it refers to.
    private static byte[] Assemble(ushort machine, ReadOnlySpan<byte> code, int exitOffset)
    {
        var program = new byte[code.Length + (2 * SigactionSize)];
        code.CopyTo(program);

        // SIGCHLD is ignored. SIGTERM goes to the code's exit; x86-64 insists on a restorer, which is never returned to.
        var exit = ElfExecutable.EntryAddress + (ulong)exitOffset;
        var actions = program.AsSpan(code.Length);
        Put64(actions, 0, SigIgn);
        Put64(actions, SigactionSize, exit);
        Put64(actions, SigactionSize + 8, SaRestorer);
        Put64(actions, SigactionSize + 16, exit);
        return ElfExecutable.Of(machine, program);
    }

    private static void Put64(Span<byte> bytes, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], value);

    // The call's number in rax, its arguments in rdi, rsi, rdx, r10; syscall changes only rax, rcx and r11.
    private static class X64
    {
        internal const int ExitOffset = 0x34;

        internal static ReadOnlySpan<byte> Code =>
        [
            0xbf, 0x11, 0x00, 0x00, 0x00,             // 00  mov edi, 17             SIGCHLD
            0x48, 0x8d, 0x35, 0x34, 0x00, 0x00, 0x00, // 05  lea rsi, [rip + 0x34]   the first sigaction, at 40
            0x31, 0xd2,                               // 0c  xor edx, edx            the old action is not asked for
            0x41, 0xba, 0x08, 0x00, 0x00, 0x00,       // 0e  mov r10d, 8             the size of a signal mask
            0xb8, 0x0d, 0x00, 0x00, 0x00,             // 14  mov eax, 13             rt_sigaction
            0x0f, 0x05,                               // 19  syscall
            0xbf, 0x0f, 0x00, 0x00, 0x00,             // 1b  mov edi, 15             SIGTERM
            0x48, 0x83, 0xc6, 0x20,                   // 20  add rsi, 32             the second sigaction
            0xb8, 0x0d, 0x00, 0x00, 0x00,             // 24  mov eax, 13             rt_sigaction
            0x0f, 0x05,                               // 29  syscall
            0xb8, 0x22, 0x00, 0x00, 0x00,             // 2b  mov eax, 34             pause
            0x0f, 0x05,                               // 30  syscall
            0xeb, 0xf7,                               // 32  jmp 2b
            0x31, 0xff,                               // 34  xor edi, edi            the exit: status 0
            0xb8, 0xe7, 0x00, 0x00, 0x00,             // 36  mov eax, 231            exit_group
            0x0f, 0x05,                               // 3b  syscall
            0xcc, 0xcc, 0xcc,                         // 3d  int3                    never reached: aligns what follows
        ];
    }

    // The call's number in x8, its arguments in x0 to x3; svc changes only x0. There is no pause, but ppoll on nothing is the same.
    private static class Arm64
    {
        internal const int ExitOffset = 0x40;

        internal static ReadOnlySpan<byte> Code =>
        [
            0x20, 0x02, 0x80, 0xd2, // 00  mov x0, #17         SIGCHLD
            0x61, 0x02, 0x00, 0x10, // 04  adr x1, 50          the first sigaction
            0x02, 0x00, 0x80, 0xd2, // 08  mov x2, #0          the old action is not asked for
            0x03, 0x01, 0x80, 0xd2, // 0c  mov x3, #8          the size of a signal mask
            0xc8, 0x10, 0x80, 0xd2, // 10  mov x8, #134        rt_sigaction
            0x01, 0x00, 0x00, 0xd4, // 14  svc #0
            0xe0, 0x01, 0x80, 0xd2, // 18  mov x0, #15         SIGTERM
            0x21, 0x80, 0x00, 0x91, // 1c  add x1, x1, #32     the second sigaction
            0x01, 0x00, 0x00, 0xd4, // 20  svc #0
            0x00, 0x00, 0x80, 0xd2, // 24  mov x0, #0          ppoll on no descriptors,
            0x01, 0x00, 0x80, 0xd2, // 28  mov x1, #0          none of them,
            0x02, 0x00, 0x80, 0xd2, // 2c  mov x2, #0          without a timeout
            0x03, 0x00, 0x80, 0xd2, // 30  mov x3, #0          and with the mask as it is
            0x28, 0x09, 0x80, 0xd2, // 34  mov x8, #73         ppoll
            0x01, 0x00, 0x00, 0xd4, // 38  svc #0
            0xfa, 0xff, 0xff, 0x17, // 3c  b 24
            0x00, 0x00, 0x80, 0xd2, // 40  mov x0, #0          the exit: status 0
            0xc8, 0x0b, 0x80, 0xd2, // 44  mov x8, #94         exit_group
            0x01, 0x00, 0x00, 0xd4, // 48  svc #0
            0x1f, 0x20, 0x03, 0xd5, // 4c  nop                 never reached: aligns what follows
        ];
    }
}
