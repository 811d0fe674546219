using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a serializer puts one message: either all at once, or length first and then into a buffer writer.</summary>
public abstract class SerializationContext
{
    /// <summary>Hands over the whole message.</summary>
    public abstract void Complete(byte[] payload);

    /// <summary>The writer to put the message into; needs <see cref="Complete()"/> at the end.</summary>
    public abstract IBufferWriter<byte> GetBufferWriter();

    /// <summary>Says how many bytes will be written; spares a copy.</summary>
    public abstract void SetPayloadLength(int payloadLength);

    /// <summary>Says that all is written.</summary>
    public abstract void Complete();
}
