using Grpc.Core;

namespace Cri.Grpc;

/// <summary>
/// Sends a list as a stream of messages that each hold a part of it. Only the part under way is held in memory, and the
/// client's flow control sets the pace.
/// </summary>
public static class ChunkedStream
{
    /// <summary>What a part holds at most, in bytes of its items; an item that is larger goes alone.</summary>
    public const int ChunkSize = 256 * 1024;

    /// <summary>Sends all items in their order, each in exactly one message; no message for an empty list.</summary>
    /// <param name="stream">Where to send.</param>
    /// <param name="items">The items; taken one by one as there is room.</param>
    /// <param name="sizeOf">The serialized size of an item, in bytes.</param>
    /// <param name="message">Makes the message of one part, which has at least one item.</param>
    /// <param name="cancellationToken">Ends the sending.</param>
    public static async Task WriteAsync<TItem, TMessage>(
        IServerStreamWriter<TMessage> stream,
        IEnumerable<TItem> items,
        Func<TItem, int> sizeOf,
        Func<IReadOnlyList<TItem>, TMessage> message,
        CancellationToken cancellationToken)
    {
        var chunk = new List<TItem>();
        var size = 0;
        foreach (var item in items)
        {
            var more = sizeOf(item);
            if (chunk.Count > 0 && size + more > ChunkSize)
            {
                await stream.WriteAsync(message(chunk), cancellationToken);
                chunk.Clear();
                size = 0;
            }

            chunk.Add(item);
            size += more;
        }

        if (chunk.Count > 0)
        {
            await stream.WriteAsync(message(chunk), cancellationToken);
        }
    }
}
