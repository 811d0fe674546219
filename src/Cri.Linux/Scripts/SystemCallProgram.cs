using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cri.Linux.Scripts;

/// <summary>
/// The code of a <see cref="SystemCallScript"/>: it goes through a table of steps, each a call's number, its six arguments, and what to do
/// with the result (0: must succeed, 1: never mind, 2: the parent of a fork ends).
/// </summary>
internal static class SystemCallProgram
{
    /// <summary>e_machine of an architecture.</summary>
    internal static ushort Machine(Architecture architecture) =>
        architecture == Architecture.Arm64 ? ElfExecutable.MachineArm64 : ElfExecutable.MachineX64;

    /// <summary>The bytes of the code with what pads it to the table.</summary>
    internal static int Size(Architecture architecture) => Code(architecture, 0, 0).Length;

    /// <summary>The code for a table at an address below 4 GiB.</summary>
    internal static byte[] Code(Architecture architecture, ulong table, int reportTo)
    {
        var code = architecture switch
        {
            Architecture.X64 => CodeX64((uint)table, (uint)reportTo),
            Architecture.Arm64 => CodeArm64((uint)table, (uint)reportTo),
            _ => throw new PlatformNotSupportedException($"no program to make system calls for {architecture}"),
        };
        Array.Resize(ref code, (code.Length + 7) / 8 * 8);
        return code;
    }

    private static byte[] CodeX64(uint table, uint reportTo) =>
    [
        0xBB, .. Bytes(table), // mov ebx, table
        0x48, 0x8B, 0x03, // next: mov rax, [rbx]
        0x48, 0x8B, 0x7B, 0x08, // mov rdi, [rbx + 8]
        0x48, 0x8B, 0x73, 0x10, // mov rsi, [rbx + 16]
        0x48, 0x8B, 0x53, 0x18, // mov rdx, [rbx + 24]
        0x4C, 0x8B, 0x53, 0x20, // mov r10, [rbx + 32]
        0x4C, 0x8B, 0x43, 0x28, // mov r8, [rbx + 40]
        0x4C, 0x8B, 0x4B, 0x30, // mov r9, [rbx + 48]
        0x48, 0x8B, 0x6B, 0x38, // mov rbp, [rbx + 56]
        0x48, 0x83, 0xC3, 0x40, // add rbx, 64
        0x0F, 0x05, // syscall
        0x48, 0x83, 0xFD, 0x01, // cmp rbp, 1
        0x74, 0xD5, // je next
        0x48, 0x85, 0xC0, // test rax, rax
        0x78, 0x0B, // js report
        0x48, 0x83, 0xFD, 0x02, // cmp rbp, 2
        0x75, 0xCA, // jne next
        0x48, 0x85, 0xC0, // test rax, rax
        0x74, 0xC5, // je next
        0x53, // report: push rbx
        0x50, // push rax
        0xB8, 0x01, 0x00, 0x00, 0x00, // mov eax, 1 (write)
        0xBF, .. Bytes(reportTo), // mov edi, reportTo
        0x48, 0x89, 0xE6, // mov rsi, rsp
        0xBA, 0x10, 0x00, 0x00, 0x00, // mov edx, 16
        0x0F, 0x05, // syscall
        0xB8, 0xE7, 0x00, 0x00, 0x00, // mov eax, 231 (exit_group)
        0x31, 0xFF, // xor edi, edi
        0x0F, 0x05, // syscall
    ];

    private static byte[] CodeArm64(uint table, uint reportTo)
    {
        uint[] instructions =
        [
            0xD2800013 | (table & 0xffff) << 5, // movz x19, the lower half of table
            0xF2A00013 | table >> 16 << 5, // movk x19, the upper half
            0xF9400268, // next: ldr x8, [x19]
            0xA9408660, // ldp x0, x1, [x19, 8]
            0xA9418E62, // ldp x2, x3, [x19, 24]
            0xA9429664, // ldp x4, x5, [x19, 40]
            0xF9401E74, // ldr x20, [x19, 56]
            0x91010273, // add x19, x19, 64
            0xD4000001, // svc 0
            0xF100069F, // cmp x20, 1
            0x54FFFF00, // b.eq next
            0xB7F80080, // tbnz x0, 63, report
            0xF1000A9F, // cmp x20, 2
            0x54FFFEA1, // b.ne next
            0xB4FFFE80, // cbz x0, next
            0xA9BF4FE0, // report: stp x0, x19, [sp, -16]!
            0xD2800808, // movz x8, 64 (write)
            0xD2800000 | reportTo << 5, // movz x0, reportTo
            0x910003E1, // mov x1, sp
            0xD2800202, // movz x2, 16
            0xD4000001, // svc 0
            0xD2800BC8, // movz x8, 94 (exit_group)
            0xD2800000, // movz x0, 0
            0xD4000001, // svc 0
        ];
        var code = new byte[4 * instructions.Length];
        for (var i = 0; i < instructions.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(4 * i), instructions[i]);
        }

        return code;
    }

    private static byte[] Bytes(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }
}
