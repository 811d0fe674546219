using Google.Protobuf;

namespace Cri.Ttrpc.Wire;

/// <summary>ttrpc's Request: service=1, method=2, payload=3, timeout_nano=4, metadata=5.</summary>
public readonly ref struct RequestEnvelope
{
    private RequestEnvelope(string service, string method, ReadOnlySpan<byte> payload, long timeoutNanos)
    {
        Service = service;
        Method = method;
        Payload = payload;
        TimeoutNanos = timeoutNanos;
    }

    /// <summary>The full name of the service.</summary>
    public string Service { get; }

    /// <summary>The method's short name.</summary>
    public string Method { get; }

    /// <summary>The encoded request message.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>How long the caller waits, nanoseconds; 0 for ever.</summary>
    public long TimeoutNanos { get; }

    /// <summary>Decodes the payload of a request frame. Throws <see cref="InvalidDataException"/> when it is malformed.</summary>
    public static RequestEnvelope Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        var (service, method, timeout) = (string.Empty, string.Empty, 0L);
        ReadOnlySpan<byte> payload = default;
        for (var field = reader.NextField(); field != 0; field = reader.NextField())
        {
            switch (field)
            {
                case 1:
                    service = reader.ReadString();
                    break;
                case 2:
                    method = reader.ReadString();
                    break;
                case 3:
                    payload = reader.ReadBytes();
                    break;
                case 4:
                    timeout = (long)reader.ReadVarint();
                    break;
                default:
                    reader.SkipField();
                    break;
            }
        }

        return new RequestEnvelope(service, method, payload, timeout);
    }

    /// <summary>Encodes a whole request frame. Throws RESOURCE_EXHAUSTED when it exceeds 4 MiB.</summary>
    public static byte[] Frame(uint streamId, string service, string method, IMessage request, long timeoutNanos)
    {
        var inner = request.CalculateSize();
        var size = ProtobufWriter.SizeOfString(service) + ProtobufWriter.SizeOfString(method)
            + ProtobufWriter.SizeOfBytes(inner) + ProtobufWriter.SizeOfInteger(timeoutNanos);
        if (size > FrameHeader.MaxPayload)
        {
            throw new TtrpcException(TtrpcStatusCode.ResourceExhausted, $"request of {service}/{method} has {size} bytes, more than 4 MiB");
        }

        var frame = new byte[FrameHeader.Size + size];
        new FrameHeader((uint)size, streamId, FrameType.Request).Write(frame);
        var writer = new ProtobufWriter(frame.AsSpan(FrameHeader.Size));
        writer.WriteString(1, service);
        writer.WriteString(2, method);
        writer.WriteMessage(3, request, inner);
        writer.WriteInteger(4, timeoutNanos);
        return frame;
    }
}
