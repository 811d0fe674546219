namespace Cri.Streaming.Spdy;

/// <summary>A frame that ends the whole session, because nothing after it can be understood.</summary>
internal sealed class SpdyException(string message) : Exception(message);
