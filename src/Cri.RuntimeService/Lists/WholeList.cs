using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Lists;

/// <summary>
/// A list without a filter, kept in one piece until something changes: where a thousand entries lie all over the memory, gathering them
/// takes longer than sending them.
/// </summary>
/// <param name="changes">Counts the changes of what it shows, each after it has happened.</param>
internal sealed class WholeList(ChangeCount changes)
{
    private Kept? _newest;

    /// <summary>The list.</summary>
    /// <param name="entries">Its entries as they are now, each as <see cref="EncodedList.Entry"/> makes it.</param>
    public EncodedList Of(IEnumerable<ReadOnlyMemory<byte>> entries)
    {
        // The count is read first: what changes while the entries are gathered makes them old at once.
        var count = changes.Value;
        var newest = Volatile.Read(ref _newest);
        if (newest?.Count == count && newest.Piece is { } piece)
        {
            return new EncodedList([piece]);
        }

        // The second time at the earliest: where there is always a change between two calls, no piece is of use.
        ReadOnlyMemory<byte>[] all = [.. entries];
        Volatile.Write(ref _newest, new Kept(count, newest?.Count == count ? Join(all) : null));
        return new EncodedList(all);
    }

    private static byte[] Join(ReadOnlyMemory<byte>[] entries)
    {
        var piece = new byte[entries.Sum(entry => entry.Length)];
        var at = 0;
        foreach (var entry in entries)
        {
            entry.Span.CopyTo(piece.AsSpan(at));
            at += entry.Length;
        }

        return piece;
    }

    private sealed record Kept(long Count, byte[]? Piece);
}
