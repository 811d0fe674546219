using System.Buffers.Binary;

namespace Cri.Ttrpc.Attach;

/// <summary>
/// The head of a frame on an attach connection: its kind, one byte, then the length of what follows, four bytes
/// little-endian. The connection carries the output of a process from the moment of connecting on, from the shim to one
/// client; nothing goes the other way, and the client ends it by closing.
/// </summary>
/// <param name="Kind">What follows.</param>
/// <param name="Length">Bytes that follow.</param>
public readonly record struct AttachFrame(AttachFrameKind Kind, int Length)
{
    /// <summary>Bytes of a head.</summary>
    public const int HeadLength = 5;

    /// <summary>The longest frame, without its head.</summary>
    public const int MaxLength = 64 << 10;

    /// <summary>Writes the head.</summary>
    public void Write(Span<byte> head)
    {
        head[0] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], Length);
    }

    /// <summary>Reads a head. Throws <see cref="InvalidDataException"/> for one that no shim writes.</summary>
    public static AttachFrame Read(ReadOnlySpan<byte> head)
    {
        var frame = new AttachFrame((AttachFrameKind)head[0], BinaryPrimitives.ReadInt32LittleEndian(head[1..]));
        return frame is { Kind: >= AttachFrameKind.Stdout and <= AttachFrameKind.End, Length: >= 0 and <= MaxLength }
            ? frame
            : throw new InvalidDataException($"attach connection: a frame of kind {(byte)frame.Kind} and length {frame.Length}");
    }

    /// <summary>The name, in the bundle, of the socket where a process's output can be had; "init" is the container's first.</summary>
    public static string SocketOf(string process) => $"{process}-attach.sock";
}
