using System.Buffers;
using Grpc.Core;

namespace Cri.Grpc.Wire;

/// <summary>
/// Serializes one message with its length prefix into a buffer writer. When the serializer knows the length beforehand, as
/// protobuf does, the bytes go straight to their destination.
/// </summary>
internal sealed class FramedMessageWriter(IBufferWriter<byte> destination, int maxMessageSize) : SerializationContext
{
    private int? _length;
    private ArrayBufferWriter<byte>? _unsized;

    /// <summary>Writes a message. Throws RESOURCE_EXHAUSTED, with nothing written, when it is larger than the limit.</summary>
    public static void Write<T>(Marshaller<T> marshaller, T message, IBufferWriter<byte> destination, int maxMessageSize) =>
        marshaller.ContextualSerializer(message, new FramedMessageWriter(destination, maxMessageSize));

    public override void SetPayloadLength(int payloadLength)
    {
        LengthPrefix.CheckSize("send", payloadLength, maxMessageSize);
        _length = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_length is not { } length)
        {
            return _unsized ??= new ArrayBufferWriter<byte>();
        }

        WritePrefix(length);
        return destination;
    }

    public override void Complete()
    {
        if (_unsized is { } unsized)
        {
            WriteWhole(unsized.WrittenSpan);
        }
    }

    public override void Complete(byte[] payload) => WriteWhole(payload);

    private void WriteWhole(ReadOnlySpan<byte> payload)
    {
        LengthPrefix.CheckSize("send", payload.Length, maxMessageSize);
        WritePrefix(payload.Length);
        destination.Write(payload);
    }

    private void WritePrefix(int length)
    {
        LengthPrefix.Write(destination.GetSpan(LengthPrefix.Size), length);
        destination.Advance(LengthPrefix.Size);
    }
}
