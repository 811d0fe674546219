using System.Buffers;
using Grpc.Core;

namespace Cri.Grpc.Wire;

/// <summary>The payload of one received message.</summary>
internal sealed class ReceivedMessage(ReadOnlySequence<byte> payload) : DeserializationContext
{
    public override int PayloadLength => (int)payload.Length;

    /// <summary>Parses a message. Throws INTERNAL when it does not parse, as other gRPC implementations do.</summary>
    public static T Parse<T>(Marshaller<T> marshaller, ReadOnlySequence<byte> payload)
    {
        try
        {
            return marshaller.ContextualDeserializer(new ReceivedMessage(payload));
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"parse {typeof(T).Name}: {e.Message}", e));
        }
    }

    public override byte[] PayloadAsNewBuffer() => payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => payload;
}
