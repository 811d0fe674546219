using System.Buffers;

namespace Grpc.Core;

/// <summary>The bytes of one received message.</summary>
public abstract class DeserializationContext
{
    /// <summary>How many bytes there are.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>A copy that the caller owns.</summary>
    public abstract byte[] PayloadAsNewBuffer();

    /// <summary>The bytes themselves, valid only until the deserializer returns.</summary>
    public abstract ReadOnlySequence<byte> PayloadAsReadOnlySequence();
}
