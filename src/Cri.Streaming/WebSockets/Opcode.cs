namespace Cri.Streaming.WebSockets;

/// <summary>The kinds of frames (RFC 6455, section 5.2).</summary>
internal enum Opcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// <summary>Why a WebSocket is closed (RFC 6455, section 7.4.1).</summary>
internal enum CloseStatus : ushort
{
    Normal = 1000,
    ProtocolError = 1002,
    UnsupportedData = 1003,
}
