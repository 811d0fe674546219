using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cri.Linux;

/// <summary>
/// The program of a <see cref="NamespaceHolder"/>: an executable of some 250 bytes. It gives itself new
/// namespaces by unshare(2), writes one byte to its standard output, waits until its standard input ends, and exits with 0;
/// when unshare fails it exits with the errno.
/// </summary>
/// <remarks>References: the kernel's system call tables for each architecture.</remarks>
internal static class NamespaceHolderProgram
{
    /// <summary>The executable for this machine that unshares these flags (unshare(2)).</summary>
    /// <exception cref="PlatformNotSupportedException">There is no code for this architecture.</exception>
    internal static byte[] Assemble(int flags) => Assemble(flags, RuntimeInformation.ProcessArchitecture);

    internal static byte[] Assemble(int flags, Architecture architecture) => architecture switch
    {
        Architecture.X64 => ElfExecutable.Of(ElfExecutable.MachineX64, CodeX64(flags)),
        Architecture.Arm64 => ElfExecutable.Of(ElfExecutable.MachineArm64, CodeArm64(flags)),
        _ => throw new PlatformNotSupportedException($"no program to hold namespaces for {architecture}"),
    };

    private static byte[] CodeX64(int flags)
    {
        var (b0, b1, b2, b3) = ((byte)flags, (byte)(flags >> 8), (byte)(flags >> 16), (byte)(flags >> 24));
        return
        [
            0xB8, 0x10, 0x01, 0x00, 0x00, // mov eax, 272 (unshare)
            0xBF, b0, b1, b2, b3, // mov edi, flags
            0x0F, 0x05, // syscall
            0x85, 0xC0, // test eax, eax
            0x75, 0x24, // jnz exit
            0xB8, 0x01, 0x00, 0x00, 0x00, // mov eax, 1 (write)
            0xBF, 0x01, 0x00, 0x00, 0x00, // mov edi, 1
            0x48, 0x89, 0xE6, // mov rsi, rsp
            0xBA, 0x01, 0x00, 0x00, 0x00, // mov edx, 1
            0x0F, 0x05, // syscall
            0x31, 0xC0, // xor eax, eax (read)
            0x31, 0xFF, // xor edi, edi
            0x48, 0x89, 0xE6, // mov rsi, rsp
            0xBA, 0x01, 0x00, 0x00, 0x00, // mov edx, 1
            0x0F, 0x05, // syscall
            0x31, 0xC0, // xor eax, eax
            0xF7, 0xD8, // exit: neg eax
            0x89, 0xC7, // mov edi, eax
            0xB8, 0x3C, 0x00, 0x00, 0x00, // mov eax, 60 (exit)
            0x0F, 0x05, // syscall
        ];
    }

    private static byte[] CodeArm64(int flags)
    {
        const uint Call = 0xD4000001; // svc #0
        const uint StackTop = 0x910003E1; // mov x1, sp
        uint[] instructions =
        [
            Number(97), // unshare
            0x52800000 | ((uint)flags & 0xffff) << 5, // movz w0, the lower half of flags
            0x72A00000 | ((uint)flags >> 16) << 5, // movk w0, the upper half
            Call,
            0xB5000000 | 12 << 5, // cbnz x0, exit
            Number(64), Load(0, 1), StackTop, Load(2, 1), Call, // write(1, sp, 1)
            Number(63), Load(0, 0), StackTop, Load(2, 1), Call, // read(0, sp, 1)
            Load(0, 0),
            0xCB0003E0, // exit: neg x0, x0
            Number(93), // exit
            Call,
        ];
        var code = new byte[4 * instructions.Length];
        for (var i = 0; i < instructions.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(4 * i), instructions[i]);
        }

        return code;
    }

    private static uint Number(uint call) => Load(8, call);

    // movz xREGISTER, value
    private static uint Load(uint register, uint value) => 0xD2800000 | value << 5 | register;
}
