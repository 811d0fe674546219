using Google.Protobuf;

namespace Cri.Ttrpc.Wire;

/// <summary>ttrpc's Response: status=1 (google.rpc.Status with code=1, message=2), payload=2.</summary>
public readonly ref struct ResponseEnvelope
{
    private const int LongestMessage = 64 * 1024;

    private ResponseEnvelope(int code, string message, ReadOnlySpan<byte> payload)
    {
        Code = (TtrpcStatusCode)code;
        Message = message;
        Payload = payload;
    }

    /// <summary>How the call ended.</summary>
    public TtrpcStatusCode Code { get; }

    /// <summary>Words on a failure.</summary>
    public string Message { get; }

    /// <summary>The encoded response message.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Decodes the payload of a response frame. Throws <see cref="InvalidDataException"/> when it is malformed.</summary>
    public static ResponseEnvelope Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        var (code, message) = (0, string.Empty);
        ReadOnlySpan<byte> payload = default;
        for (var field = reader.NextField(); field != 0; field = reader.NextField())
        {
            switch (field)
            {
                case 1:
                    (code, message) = ReadStatus(reader.ReadBytes());
                    break;
                case 2:
                    payload = reader.ReadBytes();
                    break;
                default:
                    reader.SkipField();
                    break;
            }
        }

        return new ResponseEnvelope(code, message, payload);
    }

    /// <summary>Encodes the frame of an answer. One longer than 4 MiB becomes RESOURCE_EXHAUSTED.</summary>
    public static byte[] Frame(uint streamId, IMessage response)
    {
        var inner = response.CalculateSize();
        var size = ProtobufWriter.SizeOfBytes(inner);
        if (size > FrameHeader.MaxPayload)
        {
            return Frame(streamId, TtrpcStatusCode.ResourceExhausted, $"response has {size} bytes, more than 4 MiB");
        }

        var frame = new byte[FrameHeader.Size + size];
        new FrameHeader((uint)size, streamId, FrameType.Response).Write(frame);
        var writer = new ProtobufWriter(frame.AsSpan(FrameHeader.Size));
        writer.WriteMessage(2, response, inner);
        return frame;
    }

    /// <summary>Encodes the frame of a failure; of a message that quotes without measure the beginning is sent.</summary>
    public static byte[] Frame(uint streamId, TtrpcStatusCode code, string message)
    {
        message = message.Length > LongestMessage ? message[..LongestMessage] : message;
        var inner = ProtobufWriter.SizeOfInteger((int)code) + ProtobufWriter.SizeOfString(message);
        var size = ProtobufWriter.SizeOfBytes(inner);
        var frame = new byte[FrameHeader.Size + size];
        new FrameHeader((uint)size, streamId, FrameType.Response).Write(frame);
        var writer = new ProtobufWriter(frame.AsSpan(FrameHeader.Size));
        writer.WriteHead(1, inner);
        writer.WriteInteger(1, (int)code);
        writer.WriteString(2, message);
        return frame;
    }

    private static (int Code, string Message) ReadStatus(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        var (code, message) = (0, string.Empty);
        for (var field = reader.NextField(); field != 0; field = reader.NextField())
        {
            switch (field)
            {
                case 1:
                    code = (int)reader.ReadVarint();
                    break;
                case 2:
                    message = reader.ReadString();
                    break;
                default:
                    reader.SkipField();
                    break;
            }
        }

        return (code, message);
    }
}
