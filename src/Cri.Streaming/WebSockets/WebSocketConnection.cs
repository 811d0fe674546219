using System.Buffers.Binary;
using Cri.Streaming.Connections;

namespace Cri.Streaming.WebSockets;

/// <summary>
/// The server's side of a WebSocket (RFC 6455) without extensions. Messages are passed on in pieces as they come, so their length
/// has no bound and costs no memory. Pings are answered while something is received. The framework's own WebSocket throws away
/// what is still to be sent when a client closes its sending direction.
/// </summary>
internal sealed class WebSocketConnection(IByteChannel channel)
{
    /// <summary>The most bytes of one frame that we send.</summary>
    internal const int LargestPayload = 48 * 1024;

    private const int LongestHead = 4;
    private const int LargestControl = 125;
    private const byte FinalFrame = 0x80;
    private const byte Masked = 0x80;

    private readonly FrameWriter _writer = new(channel, LongestHead + LargestPayload);
    private readonly byte[] _mask = new byte[4];
    private ulong _left;
    private int _maskOffset;
    private Opcode? _message;
    private bool _final;
    private Received? _end;

    /// <summary>A piece of a message.</summary>
    /// <param name="Count">Its bytes.</param>
    /// <param name="IsFirst">True when a message begins with it.</param>
    /// <param name="IsLast">True when the message ends with it.</param>
    /// <param name="Kind">Text or binary; Close when the client has closed the WebSocket, Continuation at the end of the connection.</param>
    internal readonly record struct Received(int Count, bool IsFirst, bool IsLast, Opcode Kind);

    /// <summary>Ends when the client is gone.</summary>
    internal CancellationToken Gone => channel.Gone;

    /// <summary>Where it is spoken.</summary>
    internal IByteChannel Channel => channel;

    /// <summary>Receives a piece of a message.</summary>
    /// <exception cref="WebSocketException">The client broke the protocol.</exception>
    /// <exception cref="IOException">The client is gone.</exception>
    internal async ValueTask<Received> ReceiveAsync(Memory<byte> buffer)
    {
        if (_end is { } end)
        {
            return end;
        }

        var first = false;
        if (_left == 0)
        {
            var head = await NextDataFrameAsync();
            if (head is Opcode.Close or null)
            {
                _end = new Received(0, false, true, head ?? Opcode.Continuation);
                return _end.Value;
            }

            first = head is not Opcode.Continuation;
            _message = first ? head : _message;
        }

        var part = buffer[..(int)Math.Min((ulong)buffer.Length, _left)];
        var count = part.IsEmpty ? 0 : await channel.ReadAsync(part);
        if (count == 0 && !part.IsEmpty)
        {
            throw new IOException("the connection ended within a frame");
        }

        Unmask(part.Span[..count]);
        _left -= (ulong)count;
        var kind = _message!.Value;
        var last = _left == 0 && _final;
        _message = last ? null : _message;
        return new Received(count, first, last, kind);
    }

    /// <summary>
    /// Sends a message of at most <see cref="LargestPayload"/> bytes, prefix and payload together; waits while the client does not read.
    /// </summary>
    internal ValueTask SendAsync(Opcode opcode, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        _writer.WriteAsync(Head(opcode, prefix.Span, payload.Length), payload, cancellationToken, isLast: opcode == Opcode.Close);

    /// <summary>Sends a ping that asks for nothing but an answer.</summary>
    internal ValueTask SendPingAsync() => SendAsync(Opcode.Ping, default, default, Gone);

    /// <summary>Sends the close frame and ends our direction.</summary>
    internal async ValueTask ShutdownAsync(CloseStatus status)
    {
        var code = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(code, (ushort)status);
        try
        {
            await SendAsync(Opcode.Close, code, default, Gone);
            await channel.ShutdownAsync();
        }
        catch (IOException)
        {
            // Closed before, or nobody is left to be told.
        }
    }

    // The next frame of a message; control frames before it are dealt with. Null at the end of the connection.
    private async ValueTask<Opcode?> NextDataFrameAsync()
    {
        while (true)
        {
            var head = new byte[2];
            if (!await ReadFullyAsync(head, endAllowed: true))
            {
                return null;
            }

            var opcode = (Opcode)(head[0] & 0x0f);
            var final = (head[0] & FinalFrame) != 0;
            _left = await LengthAsync(head[1]);
            await ReadFullyAsync(_mask, endAllowed: false);
            _maskOffset = 0;
            Check(head, opcode, final);
            if (opcode < Opcode.Close)
            {
                _final = final;
                return opcode;
            }

            if (opcode == Opcode.Close)
            {
                _left = 0;
                return Opcode.Close;
            }

            await ControlAsync(opcode);
        }
    }

    private async ValueTask<ulong> LengthAsync(byte second)
    {
        var length = second & 0x7f;
        if (length < 126)
        {
            return (ulong)length;
        }

        var bytes = new byte[8];
        await ReadFullyAsync(length == 126 ? bytes.AsMemory(6) : bytes, endAllowed: false);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    private void Check(byte[] head, Opcode opcode, bool final)
    {
        var problem = opcode switch
        {
            _ when (head[0] & 0x70) != 0 => "reserved bits are set",
            _ when (head[1] & Masked) == 0 => "a client's frame is not masked",
            _ when _left > long.MaxValue => "the length has more than 63 bits",
            Opcode.Continuation => _message is null ? "a continuation of nothing" : null,
            Opcode.Text or Opcode.Binary => _message is not null ? "a message within a message" : null,
            Opcode.Close or Opcode.Ping or Opcode.Pong =>
                _left > LargestControl || !final ? "a control frame is fragmented or longer than 125 bytes" : null,
            _ => "an unknown kind of frame",
        };
        if (problem is not null)
        {
            throw new WebSocketException(CloseStatus.ProtocolError, problem);
        }
    }

    private async ValueTask ControlAsync(Opcode opcode)
    {
        var payload = new byte[(int)_left];
        await ReadFullyAsync(payload, endAllowed: false);
        Unmask(payload);
        _left = 0;
        if (opcode == Opcode.Ping)
        {
            await SendAsync(Opcode.Pong, default, payload, Gone);
        }
    }

    private async ValueTask<bool> ReadFullyAsync(Memory<byte> buffer, bool endAllowed)
    {
        for (var read = 0; read < buffer.Length;)
        {
            var count = await channel.ReadAsync(buffer[read..]);
            if (count == 0)
            {
                return endAllowed && read == 0 ? false : throw new IOException("the connection ended within a frame");
            }

            read += count;
        }

        return true;
    }

    private void Unmask(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= _mask[_maskOffset];
            _maskOffset = (_maskOffset + 1) & 3;
        }
    }

    private static byte[] Head(Opcode opcode, ReadOnlySpan<byte> prefix, int payload)
    {
        const int ShortLimit = 126;
        var length = prefix.Length + payload;
        var first = (byte)(FinalFrame | (byte)opcode);
        return length < ShortLimit
            ? [first, (byte)length, .. prefix]
            : [first, ShortLimit, (byte)(length >> 8), (byte)length, .. prefix];
    }
}
