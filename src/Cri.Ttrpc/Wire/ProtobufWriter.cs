using System.Text;
using Google.Protobuf;

namespace Cri.Ttrpc.Wire;

/// <summary>Writes the fields of a protobuf message into a span of the exact size; empty values are left out, as proto3 has it.</summary>
internal ref struct ProtobufWriter(Span<byte> bytes)
{
    private Span<byte> _rest = bytes;

    public static int SizeOfBytes(int length) => length == 0 ? 0 : 1 + SizeOfVarint((ulong)length) + length;

    public static int SizeOfString(string value) => SizeOfBytes(Encoding.UTF8.GetByteCount(value));

    public static int SizeOfInteger(long value) => value == 0 ? 0 : 1 + SizeOfVarint((ulong)value);

    public void WriteString(int field, string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        if (length > 0)
        {
            WriteHead(field, length);
            Encoding.UTF8.GetBytes(value, _rest);
            _rest = _rest[length..];
        }
    }

    public void WriteInteger(int field, long value)
    {
        if (value != 0)
        {
            WriteVarint((ulong)field << 3);
            WriteVarint((ulong)value);
        }
    }

    /// <summary>Writes a nested message whose size the caller has computed.</summary>
    public void WriteMessage(int field, IMessage message, int size)
    {
        if (size > 0)
        {
            WriteHead(field, size);
            message.WriteTo(_rest[..size]);
            _rest = _rest[size..];
        }
    }

    /// <summary>Writes the tag and length of a nested message whose fields the caller writes next.</summary>
    public void WriteHead(int field, int length)
    {
        WriteVarint(((ulong)field << 3) | 2);
        WriteVarint((ulong)length);
    }

    private void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            _rest[0] = (byte)(value | 0x80);
            _rest = _rest[1..];
            value >>= 7;
        }

        _rest[0] = (byte)value;
        _rest = _rest[1..];
    }

    private static int SizeOfVarint(ulong value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }
}
