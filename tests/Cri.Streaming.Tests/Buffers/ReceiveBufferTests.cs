using Cri.Streaming.Buffers;
using Xunit;

namespace Cri.Streaming.Tests.Buffers;

public sealed class ReceiveBufferTests
{
    [Fact]
    public async Task AppendAsync_ByteByByte_WaitsBeforeThePiecesCostMoreThanTheLimit()
    {
        const int Limit = 64 << 10;
        var buffer = new ReceiveBuffer(new ReceivePool(16 * Limit), Limit);
        var count = 0;
        Task append;
        while ((append = buffer.AppendAsync(new byte[1], CancellationToken.None).AsTask()).IsCompleted && count < Limit)
        {
            count++;
        }

        Assert.InRange(count, 100, Limit / 32);
        Assert.Equal(count, await buffer.ReadAsync(new byte[Limit], CancellationToken.None));
        await append;
    }
}
