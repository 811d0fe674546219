using System.Buffers.Binary;

namespace Cri.Streaming.Spdy;

/// <content>What the client sends.</content>
internal sealed partial class SpdyConnection
{
    private const int FrameHeadLength = 8;
    private const int LargestControlFrame = 64 * 1024;
    private const int Piece = 32 * 1024;
    private const int Version = 3;
    private const byte Fin = 1;
    private const byte Unidirectional = 2;
    private const uint InitialWindowSetting = 7;

    private async Task ReadFramesAsync()
    {
        var head = new byte[FrameHeadLength];
        var piece = new byte[Piece];
        while (await ReadFullyAsync(head, endAllowed: true))
        {
            var word = BinaryPrimitives.ReadUInt32BigEndian(head);
            var length = (int)(BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4)) & 0xffffff);
            if ((word & 0x80000000) == 0)
            {
                await DataAsync(word, head[4], length, piece);
                continue;
            }

            if (((word >> 16) & 0x7fff) != Version || length > LargestControlFrame)
            {
                throw new SpdyException("not a control frame of SPDY/3, or one of more than 64 KiB");
            }

            var payload = new byte[length];
            await ReadFullyAsync(payload, endAllowed: false);
            await ControlAsync((FrameType)(word & 0xffff), head[4], payload);
        }
    }

    private async ValueTask<bool> ReadFullyAsync(Memory<byte> buffer, bool endAllowed)
    {
        for (var read = 0; read < buffer.Length;)
        {
            var count = await _channel.ReadAsync(buffer[read..]);
            if (count == 0)
            {
                return endAllowed && read == 0 ? false : throw new IOException("the connection ended within a frame");
            }

            read += count;
        }

        return true;
    }

    private async Task DataAsync(uint id, byte flags, int length, byte[] piece)
    {
        var stream = Find(id);
        if (id == 0)
        {
            throw new SpdyException("data of stream 0");
        }

        if (stream is null or { ReceivingEnded: true } && !_closing)
        {
            await RefuseDataAsync(id, stream);
            stream = null;
        }

        while (length > 0)
        {
            var part = piece.AsMemory(0, Math.Min(length, piece.Length));
            await ReadFullyAsync(part, endAllowed: false);
            length -= part.Length;
            if (stream is not null)
            {
                await AppendAsync(stream, part);
            }
        }

        if (stream is not null && (flags & Fin) != 0)
        {
            ReceivingEnds(stream);
        }
    }

    private async ValueTask AppendAsync(SpdyStream stream, ReadOnlyMemory<byte> part)
    {
        try
        {
            await stream.Buffer.AppendAsync(part, Gone);
        }
        catch (OperationCanceledException gone)
        {
            throw new IOException("the client is gone", gone);
        }
    }

    // What comes late for a stream that is over is no fault of the client: only a stream that never was, or its own end, is.
    private async Task RefuseDataAsync(uint id, SpdyStream? stream)
    {
        if (stream is not null)
        {
            await ResetAsync(stream, RstStatus.StreamAlreadyClosed, Gone);
            stream.Cancel(new IOException("the client wrote after the end of its stream"));
        }
        else if (id > _lastStream || id % 2 == 0)
        {
            await SendResetAsync(id, RstStatus.InvalidStream);
        }
    }

    private ValueTask ControlAsync(FrameType type, byte flags, byte[] payload) => type switch
    {
        FrameType.SynStream => SynStreamAsync(flags, payload),
        FrameType.SynReply => SynReplyAsync(payload),
        FrameType.Headers => HeadersAsync(flags, payload),
        FrameType.RstStream => RstStreamAsync(payload),
        FrameType.Settings => Settings(payload),
        FrameType.Ping => PingAsync(payload),
        FrameType.WindowUpdate => WindowUpdateAsync(payload),
        _ => ValueTask.CompletedTask, // GOAWAY says that no stream will follow; types that are not known are to be ignored
    };

    private ValueTask SynStreamAsync(byte flags, byte[] payload)
    {
        const int Fixed = 10;
        var id = Word(payload, 0, Fixed) & 0x7fffffff;
        var headers = HeaderBlock.Read(_headers.Decompress(payload.AsSpan(Fixed)));
        if (id == 0)
        {
            throw new SpdyException("SYN_STREAM of stream 0");
        }

        if (id % 2 == 0 || id <= _lastStream || headers is null)
        {
            return SendResetAsync(id, RstStatus.ProtocolError);
        }

        _lastStream = id;
        var stream = new SpdyStream(this, id, headers, _pool);
        return Add(stream) && _accept(stream) is { } start ? OpenAsync(stream, flags, start) : RefuseAsync(stream);
    }

    private bool Add(SpdyStream stream)
    {
        lock (_gate)
        {
            return !_closing && _streams.Count < _mostStreams && _streams.TryAdd(stream.Id, stream);
        }
    }

    private async ValueTask OpenAsync(SpdyStream stream, byte flags, Action start)
    {
        if ((flags & Fin) != 0)
        {
            ReceivingEnds(stream);
        }

        if ((flags & Unidirectional) != 0)
        {
            stream.SendingEnded = true;
            _flow.Close(stream.Window);
        }
        else
        {
            await SendSynReplyAsync(stream);
        }

        start();
    }

    private ValueTask RefuseAsync(SpdyStream stream)
    {
        Forget(stream);
        return SendResetAsync(stream.Id, RstStatus.RefusedStream);
    }

    // We open no streams; the headers still belong to the compressed whole.
    private ValueTask SynReplyAsync(byte[] payload)
    {
        var id = Word(payload, 0, 4) & 0x7fffffff;
        _headers.Decompress(payload.AsSpan(4));
        return SendResetAsync(id, RstStatus.InvalidStream);
    }

    private ValueTask HeadersAsync(byte flags, byte[] payload)
    {
        var stream = Find(Word(payload, 0, 4) & 0x7fffffff);
        _headers.Decompress(payload.AsSpan(4));
        if (stream is not null && (flags & Fin) != 0)
        {
            ReceivingEnds(stream);
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask RstStreamAsync(byte[] payload)
    {
        if (Find(Word(payload, 0, 8) & 0x7fffffff) is { } stream)
        {
            Forget(stream);
            stream.Cancel(new IOException("the client has reset the stream"));
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask Settings(byte[] payload)
    {
        const int EntryLength = 8;
        var count = Word(payload, 0, 4);
        if (count > (payload.Length - 4) / EntryLength)
        {
            throw new SpdyException("SETTINGS with more entries than it is long");
        }

        for (var offset = 4; offset < 4 + (count * EntryLength); offset += EntryLength)
        {
            if ((Word(payload, offset, EntryLength) & 0xffffff) == InitialWindowSetting)
            {
                var window = Word(payload, offset + 4, 4);
                _flow.SetInitial(window <= int.MaxValue ? window : throw new SpdyException("SETTINGS with a window of more than 2^31 - 1"));
            }
        }

        return ValueTask.CompletedTask;
    }

    // The client numbers its pings with odd numbers; an even one answers ours.
    private ValueTask PingAsync(byte[] payload)
    {
        var id = Word(payload, 0, 4);
        return id % 2 == 1 ? SendPingAsync(id) : ValueTask.CompletedTask;
    }

    private ValueTask WindowUpdateAsync(byte[] payload)
    {
        var id = Word(payload, 0, 8) & 0x7fffffff;
        var bytes = Word(payload, 4, 4) & 0x7fffffff;
        if (id == 0)
        {
            return _flow.GrantSession(bytes) ? ValueTask.CompletedTask : throw new SpdyException("the session's window grew beyond 2^31 - 1");
        }

        return Find(id) is { } stream && !_flow.Grant(stream.Window, bytes)
            ? ResetAsync(stream, RstStatus.FlowControlError, Gone)
            : ValueTask.CompletedTask;
    }

    private static uint Word(byte[] payload, int offset, int needed) => payload.Length - offset >= needed
        ? BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(offset))
        : throw new SpdyException("a control frame that is too short for its type");
}
