using System.Buffers;
using System.Buffers.Text;
using Cri.Streaming.Buffers;
using Cri.Streaming.Connections;

namespace Cri.Streaming.WebSockets;

/// <summary>
/// Numbered channels within a WebSocket, as Kubernetes' channel.k8s.io subprotocols have them: the first byte of each message is
/// its channel. In the base64 variants it is a digit, and the rest of the message is base64. From v5 on the message 255, N ends
/// the client's channel N.
/// <para>Bounds: unread data of 1 MiB for each channel and 4 MiB for the connection, beyond which nothing more is read from the client.</para>
/// </summary>
internal sealed class ChannelConnection
{
    private const int LargestBacklogOfChannel = 1024 * 1024;
    private const int LargestBacklog = 4 * 1024 * 1024;
    private const int Piece = 24 * 1024;
    private const byte CloseSignal = 255;
    private static readonly TimeSpan _longestClose = TimeSpan.FromSeconds(5);

    private readonly WebSocketConnection _socket;
    private readonly bool _base64;
    private readonly bool _closesChannels;
    private readonly ReceiveBuffer?[] _inputs;
    private readonly TaskCompletionSource _readingEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Channels on a WebSocket whose handshake has been answered.</summary>
    /// <param name="socket">Where they are.</param>
    /// <param name="subprotocol">What was agreed on; "" is binary.</param>
    /// <param name="channels">How many there are.</param>
    /// <param name="isInput">Whether the client's data of a channel is read; it is dropped otherwise.</param>
    internal ChannelConnection(WebSocketConnection socket, string subprotocol, int channels, Func<int, bool> isInput)
    {
        _socket = socket;
        _base64 = subprotocol.Contains("base64.", StringComparison.Ordinal);
        _closesChannels = subprotocol.StartsWith("v5.", StringComparison.Ordinal);
        var pool = new ReceivePool(LargestBacklog);
        _inputs = [.. Enumerable.Range(0, channels).Select(i => isInput(i) ? new ReceiveBuffer(pool, LargestBacklogOfChannel) : null)];
    }

    /// <summary>Ends when the client is gone.</summary>
    internal CancellationToken Gone => _socket.Gone;

    /// <summary>What the client sends on a channel that is an input.</summary>
    internal Stream Input(int channel) => new InputStream(_inputs[channel]!);

    /// <summary>What the client is to get on a channel.</summary>
    internal Stream Output(int channel) => new OutputStream((bytes, cancellationToken) => SendAsync(channel, bytes, cancellationToken));

    /// <summary>Sends one message on a channel, in pieces when it is long; an empty one too.</summary>
    internal async ValueTask SendAsync(int channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var prefix = new[] { (byte)(_base64 ? '0' + channel : channel) };
        do
        {
            var piece = bytes[..Math.Min(bytes.Length, Piece)];
            bytes = bytes[piece.Length..];
            await _socket.SendAsync(_base64 ? Opcode.Text : Opcode.Binary, prefix, _base64 ? Encode(piece) : piece, cancellationToken);
        }
        while (!bytes.IsEmpty);
    }

    /// <summary>Reads what the client sends, until it is gone. Never throws.</summary>
    internal async Task RunAsync()
    {
        Exception? lost = null;
        try
        {
            var closed = await ReadMessagesAsync();
            EndInputs(null);
            _readingEnded.TrySetResult();
            if (!closed)
            {
                await GonePeerProbe.RunAsync(_socket.Channel, _socket.SendPingAsync);
            }
        }
        catch (WebSocketException error)
        {
            lost = new IOException(error.Message, error);
            await _socket.ShutdownAsync(error.Status);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            lost = new IOException("the client is gone", error);
        }
        finally
        {
            EndInputs(lost);
            _readingEnded.TrySetResult();
            _socket.Channel.Abort();
        }
    }

    /// <summary>Closes the WebSocket; what was written still arrives. Waits up to 5 s for the client to close it too.</summary>
    internal async Task CloseAsync()
    {
        foreach (var input in _inputs)
        {
            input?.Discard();
        }

        await _socket.ShutdownAsync(CloseStatus.Normal);
        try
        {
            await _readingEnded.Task.WaitAsync(_longestClose);
        }
        catch (TimeoutException)
        {
            // The client does not close.
        }

        _socket.Channel.Abort();
    }

    private void EndInputs(Exception? error)
    {
        foreach (var input in _inputs)
        {
            input?.End(error);
        }
    }

    // True when the client has closed the WebSocket, false when it has only ended its direction of the connection.
    private async Task<bool> ReadMessagesAsync()
    {
        var buffer = new byte[Piece];
        while (true)
        {
            var piece = await _socket.ReceiveAsync(buffer.AsMemory(0, 1));
            if (piece.Kind is Opcode.Close or Opcode.Continuation)
            {
                return piece.Kind == Opcode.Close;
            }

            if (piece.Count == 0)
            {
                continue;
            }

            if (buffer[0] == CloseSignal && _closesChannels)
            {
                await CloseChannelAsync(piece.IsLast, buffer);
            }
            else
            {
                await ReadMessageAsync(Find(buffer[0]), piece.IsLast, buffer);
            }
        }
    }

    private ReceiveBuffer? Find(byte channel)
    {
        var number = _base64 ? channel - '0' : channel;
        return number >= 0 && number < _inputs.Length ? _inputs[number] : null;
    }

    private async Task CloseChannelAsync(bool ended, byte[] buffer)
    {
        var length = 0;
        for (; !ended && length <= 1;)
        {
            var piece = await _socket.ReceiveAsync(buffer.AsMemory(length));
            length += piece.Count;
            ended = piece.IsLast;
        }

        if (length != 1 || buffer[0] >= _inputs.Length)
        {
            throw new WebSocketException(CloseStatus.ProtocolError, "a close signal without one channel");
        }

        _inputs[buffer[0]]?.End();
    }

    private async Task ReadMessageAsync(ReceiveBuffer? input, bool ended, byte[] buffer)
    {
        // Base64 is decoded by fours; up to three characters wait for the next piece.
        for (var kept = 0; !ended;)
        {
            var piece = await _socket.ReceiveAsync(buffer.AsMemory(kept));
            ended = piece.IsLast;
            var bytes = buffer.AsMemory(0, kept + piece.Count);
            if (!_base64)
            {
                await AppendAsync(input, bytes);
                continue;
            }

            var whole = ended ? bytes.Length : bytes.Length & ~3;
            var rest = bytes[whole..].ToArray();
            await AppendAsync(input, Decode(bytes[..whole]));
            rest.CopyTo(buffer, 0);
            kept = rest.Length;
        }
    }

    private ValueTask AppendAsync(ReceiveBuffer? input, ReadOnlyMemory<byte> bytes) =>
        input?.AppendAsync(bytes, Gone) ?? ValueTask.CompletedTask;

    private static Memory<byte> Decode(Memory<byte> characters) =>
        Base64.DecodeFromUtf8InPlace(characters.Span, out var length) == OperationStatus.Done
            ? characters[..length]
            : throw new WebSocketException(CloseStatus.UnsupportedData, "not base64");

    private static byte[] Encode(ReadOnlyMemory<byte> bytes)
    {
        var characters = new byte[Base64.GetMaxEncodedToUtf8Length(bytes.Length)];
        Base64.EncodeToUtf8(bytes.Span, characters, out _, out _);
        return characters;
    }
}
