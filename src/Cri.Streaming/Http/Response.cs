using System.Text;
using Cri.Streaming.Connections;

namespace Cri.Streaming.Http;

/// <summary>The answers to a request: on with another protocol, or a refusal.</summary>
internal static class Response
{
    private const int DrainPiece = 8 * 1024;
    private const int MostDrainPieces = 8;
    private static readonly TimeSpan _longestDrain = TimeSpan.FromSeconds(1);

    /// <summary>101: from here on the connection speaks another protocol.</summary>
    internal static ValueTask SwitchAsync(IByteChannel channel, string protocol, params ReadOnlySpan<(string Name, string Value)> headers)
    {
        var head = new StringBuilder($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append($"{name}: {value}\r\n");
        }

        return channel.WriteAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()));
    }

    /// <summary>A refusal in plain text; the connection ends with it.</summary>
    internal static async ValueTask RefuseAsync(IByteChannel channel, string status, string text, params (string Name, string Value)[] headers)
    {
        var body = Encoding.UTF8.GetBytes(text + "\n");
        var head = new StringBuilder($"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append($"{name}: {value}\r\n");
        }

        byte[] answer = [.. Encoding.Latin1.GetBytes(head.Append("Connection: close\r\n\r\n").ToString()), .. body];
        await channel.WriteAsync(answer);
        await channel.ShutdownAsync();
        await DrainAsync(channel);
    }

    // Closing a connection with something unread resets it, and the client might lose the answer.
    private static async Task DrainAsync(IByteChannel channel)
    {
        var buffer = new byte[DrainPiece];
        try
        {
            for (var pieces = MostDrainPieces; pieces > 0 && await channel.ReadAsync(buffer).AsTask().WaitAsync(_longestDrain) > 0; pieces--)
            {
            }
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            // The client is gone, or keeps the connection open.
        }
    }
}
