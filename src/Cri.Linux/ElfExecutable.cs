using System.Buffers.Binary;

namespace Cri.Linux;

/// <summary>
/// The smallest executable that the kernel starts: static, 64 bits, one piece of code that is mapped whole, and a stack that is not
/// executable. For programs of a few hundred bytes that would otherwise have to be compiled, shipped and found again.
/// </summary>
/// <remarks>Reference: elf(5).</remarks>
public static class ElfExecutable
{
    /// <summary>e_machine of x86-64.</summary>
    public const ushort MachineX64 = 62;

    /// <summary>e_machine of AArch64.</summary>
    public const ushort MachineArm64 = 183;

    /// <summary>The address that the code lies at and begins to run from.</summary>
    public const ulong EntryAddress = LoadAddress + CodeOffset;

    private const ulong LoadAddress = 0x400000;
    private const int FileHeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int ProgramHeaders = 2;
    private const int CodeOffset = FileHeaderSize + (ProgramHeaders * ProgramHeaderSize);
    private const ulong PageSize = 0x10000; // The largest that arm64 has.
    private const ushort ExecutableFile = 2;
    private const uint LoadSegment = 1;
    private const uint StackSegment = 0x6474e551;
    private const uint Execute = 1;
    private const uint Write = 2;
    private const uint Read = 4;

    /// <summary>The file: ELF header, two program headers, then <paramref name="code"/> with the constants that it refers to.</summary>
    public static byte[] Of(ushort machine, ReadOnlySpan<byte> code)
    {
        var file = new byte[CodeOffset + code.Length];
        WriteFileHeader(file, machine);
        WriteProgramHeader(file.AsSpan(FileHeaderSize), LoadSegment, Read | Execute, LoadAddress, (ulong)file.Length, PageSize);
        WriteProgramHeader(file.AsSpan(FileHeaderSize + ProgramHeaderSize), StackSegment, Read | Write, 0, 0, 16);
        code.CopyTo(file.AsSpan(CodeOffset));
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
        Put64(file, 24, EntryAddress);
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
}
