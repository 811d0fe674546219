using Grpc.Core;
using Xunit;

namespace Cri.Grpc.Tests;

public sealed class ChunkedStreamTests
{
    [Fact]
    public async Task WriteAsync_NoItems_SendsNothing() => Assert.Empty(await SendAsync([]));

    [Fact]
    public async Task WriteAsync_SmallItems_SendsThemTogether() => Assert.Equal([[1, 2, 3]], await SendAsync([1, 2, 3]));

    [Fact]
    public async Task WriteAsync_MoreThanOneChunk_SendsEachItemOnceInOrder()
    {
        const int Half = ChunkedStream.ChunkSize / 2;

        Assert.Equal([[Half, Half], [1, Half], [Half]], await SendAsync([Half, Half, 1, Half, Half]));
    }

    [Fact]
    public async Task WriteAsync_AnItemLargerThanAChunk_SendsItAlone()
    {
        const int Large = 3 * ChunkedStream.ChunkSize;

        Assert.Equal([[1], [Large], [1]], await SendAsync([1, Large, 1]));
    }

    [Fact]
    public async Task WriteAsync_AReaderThatIsNotThere_TakesNoMoreItems()
    {
        var taken = 0;
        var writer = new Collector { Room = 2 };
        IEnumerable<int> Items()
        {
            for (taken = 1; ; taken++)
            {
                yield return ChunkedStream.ChunkSize;
            }
        }

        await Assert.ThrowsAsync<OperationCanceledException>(() =>
            ChunkedStream.WriteAsync(writer, Items(), size => size, items => items.ToArray(), CancellationToken.None));

        Assert.InRange(taken, 1, 5);
    }

    // An item here is its own size.
    private static async Task<List<int[]>> SendAsync(IEnumerable<int> items)
    {
        var writer = new Collector();
        await ChunkedStream.WriteAsync(writer, items, size => size, chunk => chunk.ToArray(), CancellationToken.None);
        return writer.Messages;
    }

    private sealed class Collector : IServerStreamWriter<int[]>
    {
        public List<int[]> Messages { get; } = [];

        public int Room { get; init; } = int.MaxValue;

        public Task WriteAsync(int[] message) => WriteAsync(message, CancellationToken.None);

        public Task WriteAsync(int[] message, CancellationToken cancellationToken)
        {
            Messages.Add(message);
            return Messages.Count <= Room ? Task.CompletedTask : Task.FromException(new OperationCanceledException());
        }
    }
}
