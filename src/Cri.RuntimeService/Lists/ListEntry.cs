using Google.Protobuf;

namespace Cri.RuntimeService.Lists;

/// <summary>An object's entry in a list, encoded when it is asked for first, and anew once what it shows has changed.</summary>
internal sealed class ListEntry
{
    private Encoded? _newest;

    /// <summary>The entry.</summary>
    /// <param name="record">The record that it shows, which never changes; another one is another object.</param>
    /// <param name="state">What it shows besides.</param>
    /// <param name="show">Makes the message.</param>
    public ReadOnlyMemory<byte> Of(object record, int state, Func<IMessage> show)
    {
        var newest = Volatile.Read(ref _newest);
        if (newest is null || !ReferenceEquals(newest.Record, record) || newest.State != state)
        {
            newest = new Encoded(record, state, EncodedList.Entry(show()));
            Volatile.Write(ref _newest, newest);
        }

        return newest.Bytes;
    }

    private sealed record Encoded(object Record, int State, ReadOnlyMemory<byte> Bytes);
}
