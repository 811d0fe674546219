using System.Security.Cryptography;
using System.Text;
using Cri.Streaming.Connections;
using Cri.Streaming.Http;

namespace Cri.Streaming.WebSockets;

/// <summary>The opening handshake (RFC 6455, section 4.2).</summary>
internal static class WebSocketHandshake
{
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>
    /// Answers a request for a WebSocket with the first of the client's subprotocols that <paramref name="supported"/> has; a
    /// client that names none gets none (""). Null when it was refused instead.
    /// </summary>
    internal static async Task<string?> AcceptAsync(IByteChannel channel, RequestHead request, IReadOnlyCollection<string> supported)
    {
        if (request.Method != "GET" || !IsKey(request.Headers.GetValueOrDefault("Sec-WebSocket-Key", "")))
        {
            await Response.RefuseAsync(channel, "400 Bad Request", "a WebSocket needs GET and a Sec-WebSocket-Key of 16 bytes");
            return null;
        }

        if (request.Headers.GetValueOrDefault("Sec-WebSocket-Version") != "13")
        {
            await Response.RefuseAsync(channel, "426 Upgrade Required", "only WebSocket version 13", ("Sec-WebSocket-Version", "13"));
            return null;
        }

        var asked = request.List("Sec-WebSocket-Protocol");
        var chosen = asked.Count == 0 ? "" : asked.FirstOrDefault(supported.Contains);
        if (chosen is null)
        {
            var text = $"none of the subprotocols {string.Join(", ", asked)} is supported, only {string.Join(", ", supported)}";
            await Response.RefuseAsync(channel, "403 Forbidden", text);
            return null;
        }

        var accept = ("Sec-WebSocket-Accept", Accept(request.Headers["Sec-WebSocket-Key"]));
        await (chosen.Length == 0
            ? Response.SwitchAsync(channel, "websocket", accept)
            : Response.SwitchAsync(channel, "websocket", accept, ("Sec-WebSocket-Protocol", chosen)));
        return chosen;
    }

    private static bool IsKey(string key)
    {
        Span<byte> bytes = stackalloc byte[18];
        return key.Length == 24 && Convert.TryFromBase64String(key, bytes, out var length) && length == 16;
    }

#pragma warning disable CA5350 // The protocol names SHA-1; nothing is kept secret by it.
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));
#pragma warning restore CA5350
}
