using System.Buffers.Binary;

namespace Cri.Testing;

/// <summary>A seccomp filter's program, which can be asked what it says of a call: an interpreter of the few instructions there are.</summary>
/// <remarks>Reference: the kernel's documentation of BPF, and bpf_check_classic and seccomp_check_filter for what a filter may hold.</remarks>
public sealed class BpfProgram(ReadOnlyMemory<byte> code)
{
    private const int Size = 8;

    /// <summary>What it answers: an action of SECCOMP_RET.</summary>
    /// <param name="architecture">AUDIT_ARCH of the call.</param>
    /// <param name="number">The call's number.</param>
    /// <param name="arguments">Its arguments, up to six.</param>
    public uint Answer(uint architecture, uint number, params ReadOnlySpan<ulong> arguments)
    {
        Span<byte> data = stackalloc byte[64];
        data.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data[4..], architecture);
        for (var i = 0; i < arguments.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data[(16 + (8 * i))..], arguments[i]);
        }

        var accumulator = 0u;
        for (var at = 0; ;)
        {
            var instruction = code.Span.Slice(Size * at, Size);
            var operand = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            var operation = BinaryPrimitives.ReadUInt16LittleEndian(instruction);
            at++;
            switch (operation)
            {
                case 0x20: // ld [operand]
                    accumulator = BinaryPrimitives.ReadUInt32LittleEndian(data[(int)operand..]);
                    break;
                case 0x54: // and
                    accumulator &= operand;
                    break;
                case 0x05: // ja
                    at += (int)operand;
                    break;
                case 0x06: // ret
                    return operand;
                default:
                    at += Holds(operation, accumulator, operand) ? instruction[2] : instruction[3];
                    break;
            }
        }
    }

    private static bool Holds(ushort operation, uint accumulator, uint operand) => operation switch
    {
        0x15 => accumulator == operand,
        0x25 => accumulator > operand,
        0x35 => accumulator >= operand,
        0x45 => (accumulator & operand) != 0,
        _ => throw new InvalidOperationException($"no instruction of a filter: {operation:x}"),
    };
}
