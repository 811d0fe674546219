using System.Buffers.Binary;

namespace Cri.Streaming.Spdy;

/// <content>What we send.</content>
internal sealed partial class SpdyConnection
{
    private enum GoAwayStatus : uint
    {
        Ok = 0,
        ProtocolError = 1,
    }

    /// <summary>Sends bytes of a stream; waits for the windows and for the client to read.</summary>
    internal async ValueTask SendDataAsync(SpdyStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = await TakeAsync(stream, Math.Min(bytes.Length, Piece), cancellationToken);
            await SendAsync(stream.Id, (uint)count, bytes[..count], cancellationToken);
            bytes = bytes[count..];
        }
    }

    /// <summary>Sends FIN, unless it was sent or the stream is over.</summary>
    internal async ValueTask FinishAsync(SpdyStream stream, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (stream.SendingEnded)
            {
                return;
            }

            stream.SendingEnded = true;
            if (stream.ReceivingEnded)
            {
                _streams.Remove(stream.Id);
            }
        }

        _flow.Close(stream.Window);
        await SendAsync(stream.Id, (uint)Fin << 24, default, cancellationToken);
    }

    /// <summary>Sends RST_STREAM, unless the stream is over.</summary>
    internal async ValueTask ResetAsync(SpdyStream stream, RstStatus status, CancellationToken cancellationToken)
    {
        bool known;
        lock (_gate)
        {
            known = _streams.ContainsKey(stream.Id);
        }

        Forget(stream);
        stream.Buffer.Discard();
        if (known)
        {
            await SendControlAsync(FrameType.RstStream, Words(stream.Id, (uint)status), cancellationToken);
        }
    }

    /// <summary>Opens the windows of a stream and of the session by what was read.</summary>
    internal async ValueTask SendWindowUpdateAsync(SpdyStream stream, int bytes)
    {
        await SendControlAsync(FrameType.WindowUpdate, Words(0, (uint)bytes), Gone);
        if (!stream.ReceivingEnded)
        {
            await SendControlAsync(FrameType.WindowUpdate, Words(stream.Id, (uint)bytes), Gone);
        }
    }

    private async ValueTask<int> TakeAsync(SpdyStream stream, int wanted, CancellationToken cancellationToken)
    {
        var count = await _flow.TakeAsync(stream.Window, wanted, cancellationToken);
        return count > 0 ? count : throw new IOException("the stream is over");
    }

    // Its headers pass through the shared compressor, so they must be sent in the order they are compressed in: only the read
    // loop does both.
    private ValueTask SendSynReplyAsync(SpdyStream stream)
    {
        var block = _headers.Compress(HeaderBlock.Write(new Dictionary<string, string>()));
        return SendControlAsync(FrameType.SynReply, [.. Words(stream.Id), .. block], Gone);
    }

    private ValueTask SendResetAsync(uint id, RstStatus status) => SendControlAsync(FrameType.RstStream, Words(id, (uint)status), Gone);

    private ValueTask SendPingAsync(uint id) => SendControlAsync(FrameType.Ping, Words(id), Gone);

    private async ValueTask SendGoAwayAsync(GoAwayStatus status)
    {
        try
        {
            await SendControlAsync(FrameType.GoAway, Words(_lastStream, (uint)status), Gone);
        }
        catch (IOException)
        {
            // Nobody is left to be told.
        }
    }

    private ValueTask SendControlAsync(FrameType type, byte[] payload, CancellationToken cancellationToken) =>
        SendAsync(0x80000000 | (Version << 16) | (uint)type, (uint)payload.Length, payload, cancellationToken);

    private ValueTask SendAsync(uint first, uint second, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        _writer.WriteAsync(Words(first, second), payload, cancellationToken);

    private static byte[] Words(params ReadOnlySpan<uint> words)
    {
        var bytes = new byte[words.Length * 4];
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), words[i]);
        }

        return bytes;
    }
}
