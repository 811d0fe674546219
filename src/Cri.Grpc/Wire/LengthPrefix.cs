using System.Buffers.Binary;
using Grpc.Core;

namespace Cri.Grpc.Wire;

/// <summary>The five bytes before every message: a compressed flag and the length in network order.</summary>
internal static class LengthPrefix
{
    public const int Size = 5;

    public static void Write(Span<byte> prefix, int length)
    {
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
    }

    /// <summary>The message's length in bytes. Throws UNIMPLEMENTED when it is compressed, RESOURCE_EXHAUSTED when it is too large.</summary>
    public static int Read(ReadOnlySpan<byte> prefix, int maxMessageSize)
    {
        if (prefix[0] > 1)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"read message: prefix starts with {prefix[0]}, which is no compressed flag"));
        }

        if (prefix[0] == 1)
        {
            throw new RpcException(new Status(StatusCode.Unimplemented, "read message: it is compressed, and only identity is supported"));
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        CheckSize("receive", length, maxMessageSize);
        return (int)length;
    }

    /// <summary>Throws RESOURCE_EXHAUSTED when a message is larger than the limit.</summary>
    public static void CheckSize(string operation, long length, int maxMessageSize)
    {
        if (length > maxMessageSize)
        {
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted, $"{operation} message: its {length} bytes exceed the limit of {maxMessageSize}"));
        }
    }
}
