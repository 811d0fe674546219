using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cri.RuntimeService.Runtimes;

/// <summary>
/// The smallest init a pod can have: a static ELF64 executable of under 350 bytes, put together here so that nothing needs to be compiled,
/// shipped or pulled. It leaves the reaping of its children to the kernel (SIGCHLD is ignored), exits with 0 on SIGTERM, and sleeps
/// otherwise.
/// </summary>
/// <remarks>References: elf(5), rt_sigaction(2), and the kernel's system call tables for each architecture.</remarks>
public static class PodInitBinary
{
    private const ulong LoadAddress = 0x400000;
    private const int FileHeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int ProgramHeaders = 2;
    private const int CodeOffset = FileHeaderSize + (ProgramHeaders * ProgramHeaderSize);
    private const int PageSize = 0x10000;
    private const ushort ExecutableFile = 2;
    private const uint LoadSegment = 1;
    private const uint StackSegment = 0x6474e551;
    private const uint Execute = 1;
    private const uint Write = 2;
    private const uint Read = 4;

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
        Architecture.X64 => Assemble(X64.Machine, X64.Code, X64.ExitOffset),
        Architecture.Arm64 => Assemble(Arm64.Machine, Arm64.Code, Arm64.ExitOffset),
        _ => throw new PlatformNotSupportedException($"no pod init for {architecture}"),
    };

    // The file: ELF header, two program headers, the code, then the two sigactions that the code refers to.
    private static byte[] Assemble(ushort machine, ReadOnlySpan<byte> code, int exitOffset)
    {
        var file = new byte[CodeOffset + code.Length + (2 * SigactionSize)];
        WriteFileHeader(file, machine);
        WriteProgramHeader(file.AsSpan(FileHeaderSize), LoadSegment, Read | Execute, LoadAddress, (ulong)file.Length, PageSize);
        WriteProgramHeader(file.AsSpan(FileHeaderSize + ProgramHeaderSize), StackSegment, Read | Write, 0, 0, 16);
        code.CopyTo(file.AsSpan(CodeOffset));

        // SIGCHLD is ignored. SIGTERM goes to the code's exit; x86-64 insists on a restorer, which is never returned to.
        var actions = file.AsSpan(CodeOffset + code.Length);
        Put64(actions, 0, SigIgn);
        Put64(actions, SigactionSize, LoadAddress + CodeOffset + (ulong)exitOffset);
        Put64(actions, SigactionSize + 8, SaRestorer);
        Put64(actions, SigactionSize + 16, LoadAddress + CodeOffset + (ulong)exitOffset);
        return file;
    }

    private static void WriteFileHeader(Span<byte> file, ushort machine)
    {
        // e_ident: magic, 64 bits, little-endian, ELF version 1, System V ABI.
        ReadOnlySpan<byte> identification = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0];
        identification.CopyTo(file);
        Put16(file, 16, ExecutableFile);
        Put16(file, 18, machine);
        Put32(file, 20, 1);
        Put64(file, 24, LoadAddress + CodeOffset);
        Put64(file, 32, FileHeaderSize);
        Put16(file, 52, FileHeaderSize);
        Put16(file, 54, ProgramHeaderSize);
        Put16(file, 56, ProgramHeaders);
    }

    // p_type, p_flags, p_offset (0: the whole file is mapped), p_vaddr, p_paddr, p_filesz, p_memsz, p_align.
    private static void WriteProgramHeader(Span<byte> header, uint type, uint flags, ulong address, ulong size, ulong alignment)
    {
        Put32(header, 0, type);
        Put32(header, 4, flags);
        Put64(header, 16, address);
        Put64(header, 24, address);
        Put64(header, 32, size);
        Put64(header, 40, size);
        Put64(header, 48, alignment);
    }

    private static void Put16(Span<byte> bytes, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes[at..], value);

    private static void Put32(Span<byte> bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], value);

    private static void Put64(Span<byte> bytes, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], value);

    // The call's number in rax, its arguments in rdi, rsi, rdx, r10; syscall changes only rax, rcx and r11.
    private static class X64
    {
        internal const ushort Machine = 62;
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
        internal const ushort Machine = 183;
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
