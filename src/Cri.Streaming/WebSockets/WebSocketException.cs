namespace Cri.Streaming.WebSockets;

/// <summary>The client broke the protocol; the connection is closed with a status.</summary>
internal sealed class WebSocketException(CloseStatus status, string message) : Exception(message)
{
    /// <summary>The status of our close frame.</summary>
    internal CloseStatus Status { get; } = status;
}
