using System.Buffers.Binary;

namespace Cri.Linux.Seccomp;

/// <summary>
/// What comes before the program of a filter that refuses what it does not name: calls that are newer than all that it names answer
/// ENOSYS, as a kernel does that does not have them, so that programs fall back to older ones. EPERM would say that they need not try.
/// </summary>
/// <remarks>References: struct seccomp_data and the AUDIT_ARCH constants of the kernel.</remarks>
public static class SeccompStub
{
    /// <summary>The architecture of x32, whose calls the kernel takes for those of x86-64 with a bit set.</summary>
    public const uint X32 = 0x4000003E;

    private const uint X64 = 0xC000003E;
    private const uint X32Bit = 1 << 30;
    private const uint NotImplemented = 0x00050000 | 38; // SECCOMP_RET_ERRNO | ENOSYS
    private const ushort LoadWord = 0x20;
    private const ushort Jump = 0x05;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfGreater = 0x25;
    private const ushort JumpIfSet = 0x45;
    private const ushort Return = 0x06;
    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const int Size = 8;

    /// <summary>The instructions, after which the program of the filter follows.</summary>
    /// <param name="last">The largest number that the filter names, for each of its architectures.</param>
    public static byte[] Assemble(IReadOnlyDictionary<uint, uint> last)
    {
        // From the end: the targets of jumps are known then. They count from the next instruction.
        var code = new List<(ushort Code, byte True, byte False, uint Operand)> { (Return, 0, 0, NotImplemented) };
        var sections = new List<(uint Architecture, int FromEnd)>();
        foreach (var architecture in last.Keys.Where(architecture => architecture != X32 || !last.ContainsKey(X64)))
        {
            var token = architecture == X32 ? X64 : architecture;
            if (token == X64)
            {
                Compare(last.GetValueOrDefault(X32, uint.MaxValue));
                Compare(last.GetValueOrDefault(X64, uint.MaxValue));
                code.Insert(0, (JumpIfSet, 1, 0, X32Bit));
            }
            else
            {
                Compare(last[architecture]);
            }

            code.Insert(0, (LoadWord, 0, 0, NumberOffset));
            sections.Add((token, code.Count));
        }

        code.Insert(0, (Jump, 0, 0, (uint)code.Count));
        foreach (var (architecture, fromEnd) in sections)
        {
            code.Insert(0, (JumpIfEqual, (byte)(code.Count - fromEnd), 0, architecture));
        }

        code.Insert(0, (LoadWord, 0, 0, ArchitectureOffset));
        return Write(code);

        // Above it to the refusal, the last instruction, else to the filter, which follows.
        void Compare(uint largest) => code.Insert(0, (JumpIfGreater, (byte)(code.Count - 1), (byte)code.Count, largest));
    }

    private static byte[] Write(List<(ushort Code, byte True, byte False, uint Operand)> code)
    {
        var bytes = new byte[Size * code.Count];
        for (var i = 0; i < code.Count; i++)
        {
            var into = bytes.AsSpan(Size * i, Size);
            BinaryPrimitives.WriteUInt16LittleEndian(into, code[i].Code);
            into[2] = code[i].True;
            into[3] = code[i].False;
            BinaryPrimitives.WriteUInt32LittleEndian(into[4..], code[i].Operand);
        }

        return bytes;
    }
}
