using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;

namespace Cri.Testing.Streaming;

/// <summary>A client of the channels within a WebSocket, on the framework's own client of WebSockets.</summary>
public sealed class ChannelClient : IAsyncDisposable
{
    private const int Channels = 8;
    private readonly ClientWebSocket _socket = new();
    private readonly bool _base64;
    private readonly Channel<byte[]>[] _channels = [.. Enumerable.Range(0, Channels).Select(_ => Channel.CreateUnbounded<byte[]>())];
    private readonly SemaphoreSlim _sending = new(1, 1);
    private Task _reading = Task.CompletedTask;

    private ChannelClient(bool base64) => _base64 = base64;

    /// <summary>The subprotocol that the server chose; null for none.</summary>
    public string? Protocol => _socket.SubProtocol;

    /// <summary>Why the server closed the WebSocket; null when it has not.</summary>
    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    /// <summary>Completes when the server has closed the WebSocket or the connection.</summary>
    public Task Ended => _reading;

    /// <summary>Connects with these subprotocols.</summary>
    public static async Task<ChannelClient> ConnectAsync(Uri url, params string[] protocols)
    {
        var client = new ChannelClient(protocols.Any(protocol => protocol.Contains("base64.", StringComparison.Ordinal)));
        foreach (var protocol in protocols)
        {
            client._socket.Options.AddSubProtocol(protocol);
        }

#pragma warning disable CA5359 // Tests make their certificates themselves.
        client._socket.Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        var address = new UriBuilder(url) { Scheme = url.Scheme == "https" ? "wss" : "ws" }.Uri;
        await client._socket.ConnectAsync(address, CancellationToken.None).ConfigureAwait(false);
        client._reading = Task.Run(client.ReadAsync);
        return client;
    }

    /// <summary>Sends data on a channel.</summary>
    public Task WriteAsync(int channel, byte[] bytes) => _base64
        ? SendAsync(Encoding.ASCII.GetBytes($"{channel}{Convert.ToBase64String(bytes)}"), WebSocketMessageType.Text)
        : SendAsync([(byte)channel, .. bytes], WebSocketMessageType.Binary);

    /// <summary>Ends a channel, as from v5 on.</summary>
    public Task FinishAsync(int channel) => SendAsync([255, (byte)channel], WebSocketMessageType.Binary);

    /// <summary>The next message of a channel, without its number; null at the end of the WebSocket.</summary>
    public async Task<byte[]?> ReadAsync(int channel) =>
        await _channels[channel].Reader.WaitToReadAsync() && _channels[channel].Reader.TryRead(out var bytes) ? bytes : null;

    /// <summary>All messages of a channel up to the end of the WebSocket.</summary>
    public async Task<byte[]> ReadToEndAsync(int channel)
    {
        var all = new MemoryStream();
        while (await ReadAsync(channel) is { } bytes)
        {
            all.Write(bytes);
        }

        return all.ToArray();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task SendAsync(byte[] message, WebSocketMessageType type)
    {
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            await _socket.SendAsync(message, type, endOfMessage: true, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[256 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None).ConfigureAwait(false);
                    length += result.Count;
                }
                while (!result.EndOfMessage);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).ConfigureAwait(false);
                    break;
                }

                var channel = _base64 ? buffer[0] - '0' : buffer[0];
                var data = buffer[1..length];
                _channels[channel].Writer.TryWrite(_base64 ? Convert.FromBase64String(Encoding.ASCII.GetString(data)) : data);
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection ended without a close.
        }

        foreach (var channel in _channels)
        {
            channel.Writer.TryComplete();
        }
    }
}
