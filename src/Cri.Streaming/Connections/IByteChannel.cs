namespace Cri.Streaming.Connections;

/// <summary>
/// An ordered stream of bytes to and from a client: a connection itself, or a tunnel within a WebSocket. One reader and one
/// writer at a time.
/// </summary>
internal interface IByteChannel
{
    /// <summary>Ends when the client is gone, the channel has been idle for too long, or <see cref="Abort"/> was called.</summary>
    CancellationToken Gone { get; }

    /// <summary>Reads at least one byte, or 0 once the client has closed its direction. Throws <see cref="IOException"/>.</summary>
    ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>Writes all of it; waits while the client does not read. Throws <see cref="IOException"/>.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Tells the client that no more comes. What was written still arrives.</summary>
    ValueTask ShutdownAsync();

    /// <summary>Ends the connection at once, both ways.</summary>
    void Abort();
}
