namespace Cri.Streaming;

/// <summary>A failure that the client of a stream is told in these words.</summary>
public sealed class StreamException(string message) : Exception(message);
