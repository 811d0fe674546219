using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.RuntimeService.Lists;

/// <summary>
/// The answer of a list call, made of entries that are encoded already. A kubelet lists all containers every second or two, and hardly
/// any of them has changed: encoding an entry once, and not at each call, is most of what a list costs.
/// </summary>
/// <param name="entries">The entries, each as <see cref="Entry"/> makes it.</param>
internal sealed class EncodedList(IReadOnlyList<ReadOnlyMemory<byte>> entries)
{
    // The entries are field 1 of every list's answer.
    private static readonly uint _tag = WireFormat.MakeTag(1, WireFormat.WireType.LengthDelimited);

    /// <summary>An entry with what comes before it in a list.</summary>
    public static ReadOnlyMemory<byte> Entry(IMessage message)
    {
        var size = message.CalculateSize();
        var bytes = new byte[CodedOutputStream.ComputeUInt32Size(_tag) + CodedOutputStream.ComputeLengthSize(size) + size];
        using var output = new CodedOutputStream(bytes);
        output.WriteTag(_tag);
        output.WriteLength(size);
        message.WriteTo(output);
        output.CheckNoSpaceLeft();
        return bytes;
    }

    /// <summary>A list method that answers so instead of with its message.</summary>
    /// <param name="name">The method of the runtime service.</param>
    /// <param name="parser">Reads the requests.</param>
    public static Method<TRequest, EncodedList> Method<TRequest>(string name, MessageParser<TRequest> parser)
        where TRequest : class, IMessage<TRequest> => new(
            MethodType.Unary,
            V1.RuntimeService.Descriptor.FullName,
            name,
            Marshallers.Create<TRequest>((_, _) => throw new NotSupportedException("requests are read here"), context => parser.ParseFrom(context.PayloadAsReadOnlySequence())),
            Marshallers.Create<EncodedList>((list, context) => list.Write(context), _ => throw new NotSupportedException("answers are written here")));

    private void Write(SerializationContext context)
    {
        context.SetPayloadLength(entries.Sum(entry => entry.Length));
        var writer = context.GetBufferWriter();
        foreach (var entry in entries)
        {
            writer.Write(entry.Span);
        }

        context.Complete();
    }
}
