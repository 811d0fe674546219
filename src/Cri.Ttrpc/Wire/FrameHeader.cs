using System.Buffers.Binary;

namespace Cri.Ttrpc.Wire;

/// <summary>What a frame carries.</summary>
public enum FrameType : byte
{
    /// <summary>A call, from the client.</summary>
    Request = 1,

    /// <summary>The answer, from the server.</summary>
    Response = 2,

    /// <summary>A message of a stream; no service here has streams.</summary>
    Data = 3,
}

/// <summary>The 10 bytes before each ttrpc payload, big-endian.</summary>
/// <param name="Length">Bytes of payload that follow.</param>
/// <param name="StreamId">The call; odd when the client began it.</param>
/// <param name="Type">What follows.</param>
/// <param name="Flags">1 remote closed, 2 remote open, 4 no data.</param>
public readonly record struct FrameHeader(uint Length, uint StreamId, FrameType Type, byte Flags = 0)
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 10;

    /// <summary>The longest payload of a frame, bytes.</summary>
    public const int MaxPayload = 4 << 20;

    /// <summary>Reads a header; <paramref name="bytes"/> holds at least <see cref="Size"/> of them.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32BigEndian(bytes),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
        (FrameType)bytes[8],
        bytes[9]);

    /// <summary>Writes the header to the first <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Length);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], StreamId);
        bytes[8] = (byte)Type;
        bytes[9] = Flags;
    }
}
