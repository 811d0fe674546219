namespace Cri.Streaming;

/// <summary>As many streams as there may be wait for their clients; a later try may do.</summary>
public sealed class TooManyStreamsException(string message) : Exception(message);
