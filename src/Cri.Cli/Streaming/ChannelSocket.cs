using System.Net.WebSockets;

namespace Cri.Cli.Streaming;

/// <summary>
/// A WebSocket to the runtime's streaming server with numbered channels (Kubernetes' channel.k8s.io subprotocols): the first byte
/// of each message is its channel.
/// </summary>
internal sealed class ChannelSocket : IDisposable
{
    private const byte CloseSignal = 255;

    private readonly string _what;
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private int? _message;

    private ChannelSocket(string what, string protocol)
    {
        _what = what;
        _socket.Options.AddSubProtocol(protocol);

        // The address is the node's own.
        _socket.Options.Proxy = null;
    }

    /// <summary>A piece of a message, or the end of the connection when Channel is null.</summary>
    internal readonly record struct Received(int? Channel, int Count);

    /// <summary>Connects to a URL that the runtime has given.</summary>
    /// <param name="what">What is being done, for failures.</param>
    /// <param name="url">http or https.</param>
    /// <param name="protocol">The subprotocol.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ChannelSocket> ConnectAsync(string what, string url, string protocol, CancellationToken cancellationToken)
    {
        var channels = new ChannelSocket(what, protocol);
        try
        {
            var address = new UriBuilder(url) { Scheme = url.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? "wss" : "ws" };
            await channels._socket.ConnectAsync(address.Uri, cancellationToken);
            return channels;
        }
        catch (Exception e) when (e is WebSocketException or UriFormatException)
        {
            channels.Dispose();
            cancellationToken.ThrowIfCancellationRequested();

            // The path is a secret until it has been used.
            var server = Uri.TryCreate(url, UriKind.Absolute, out var uri) ? uri.Authority : "an address that is none";
            throw new CommandFailure(what, $"the streaming server at {server}: {e.InnerException?.Message ?? e.Message}");
        }
        catch
        {
            channels.Dispose();
            throw;
        }
    }

    /// <summary>Sends a message on a channel.</summary>
    public Task SendAsync(byte channel, ReadOnlySpan<byte> bytes, CancellationToken cancellationToken) =>
        SendAsync([channel, .. bytes], cancellationToken);

    /// <summary>Says that no more comes on a channel; from v5 on.</summary>
    public Task FinishAsync(byte channel, CancellationToken cancellationToken) => SendAsync([CloseSignal, channel], cancellationToken);

    /// <summary>Receives the next piece of a channel; messages without data are passed over.</summary>
    public async Task<Received> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var head = _message is null;
                var received = await _socket.ReceiveAsync(head ? buffer[..1] : buffer, cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return default;
                }

                var channel = head && received.Count > 0 ? buffer.Span[0] : _message;
                _message = received.EndOfMessage ? null : channel;
                if (!head && received.Count > 0)
                {
                    return new Received(channel, received.Count);
                }
            }
        }
        catch (WebSocketException e)
        {
            // Whatever was given up first has broken the connection for the others.
            cancellationToken.ThrowIfCancellationRequested();
            throw new CommandFailure(_what, $"the connection was lost: {e.InnerException?.Message ?? e.Message}");
        }
    }

    /// <summary>Closes in good order, as far as the server still takes part.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _sending.WaitAsync(cancellationToken);
            try
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The server has gone.
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task SendAsync(byte[] message, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }
}
