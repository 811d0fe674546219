namespace Cri.Streaming.Spdy;

/// <summary>The types of control frames (SPDY draft 3, section 2.6).</summary>
internal enum FrameType : ushort
{
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>Why a stream ends (SPDY draft 3, section 2.6.3).</summary>
internal enum RstStatus : uint
{
    ProtocolError = 1,
    InvalidStream = 2,
    RefusedStream = 3,
    Cancel = 5,
    InternalError = 6,
    FlowControlError = 7,
    StreamAlreadyClosed = 9,
}
