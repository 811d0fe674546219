using Cri.Streaming.Connections;

namespace Cri.Streaming.WebSockets;

/// <summary>A stream of bytes carried by the binary messages of a WebSocket, whatever their boundaries.</summary>
internal sealed class WebSocketTunnel(WebSocketConnection socket) : IByteChannel
{
    /// <inheritdoc/>
    public CancellationToken Gone => socket.Gone;

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        while (true)
        {
            var piece = await ReceiveAsync(buffer);
            switch (piece)
            {
                case { Kind: Opcode.Continuation }:
                    return 0;
                case { Kind: Opcode.Close }:
                    await socket.ShutdownAsync(CloseStatus.Normal);
                    throw new IOException("the client has closed the WebSocket");
                case { Kind: Opcode.Text }:
                    await socket.ShutdownAsync(CloseStatus.UnsupportedData);
                    throw new IOException("the client sent text into a tunnel");
                case { Count: > 0 }:
                    return piece.Count;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(bytes.Length, WebSocketConnection.LargestPayload)..])
        {
            var piece = bytes[..Math.Min(bytes.Length, WebSocketConnection.LargestPayload)];
            await socket.SendAsync(Opcode.Binary, default, piece, Gone);
        }
    }

    /// <inheritdoc/>
    public ValueTask ShutdownAsync() => socket.ShutdownAsync(CloseStatus.Normal);

    /// <inheritdoc/>
    public void Abort() => socket.Channel.Abort();

    private async ValueTask<WebSocketConnection.Received> ReceiveAsync(Memory<byte> buffer)
    {
        try
        {
            return await socket.ReceiveAsync(buffer);
        }
        catch (WebSocketException error)
        {
            await socket.ShutdownAsync(error.Status);
            throw new IOException(error.Message, error);
        }
    }
}
