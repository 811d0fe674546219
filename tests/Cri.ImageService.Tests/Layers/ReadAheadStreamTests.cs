using Cri.ImageService.Layers;

namespace Cri.ImageService.Tests.Layers;

public sealed class ReadAheadStreamTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(128 * 1024)]
    [InlineData(128 * 1024 + 1)]
    [InlineData(3_000_000)]
    public void Read_Everything_IsTheSame(int length)
    {
        var content = new byte[length];
        new Random(1).NextBytes(content);
        using var ahead = new ReadAheadStream(new Trickle(content));

        using var all = new MemoryStream();
        ahead.CopyTo(all, 1000);

        Assert.Equal(content, all.ToArray());
        Assert.Equal(0, ahead.Read(new byte[1]));
    }

    [Fact]
    public void Read_SourceFails_ThrowsAfterWhatCameBefore()
    {
        using var ahead = new ReadAheadStream(new Trickle(new byte[300_000], new InvalidDataException("damaged")));

        var error = Assert.Throws<InvalidDataException>(() => ahead.CopyTo(Stream.Null));

        Assert.Equal("damaged", error.Message);
    }

    [Fact]
    public void Dispose_BeforeTheEnd_EndsTheThread()
    {
        var source = new Trickle(new byte[10_000_000]);
        using (var ahead = new ReadAheadStream(source))
        {
            ahead.ReadExactly(new byte[1000]);
        }

        var read = source.Delivered;
        Assert.InRange(read, 1000, 1_000_000);
        Assert.Equal(read, source.Delivered);
    }

    // Hands out uneven parts.
    private sealed class Trickle(byte[] content, Exception? atEnd = null) : ReadOnlyStream
    {
        public int Delivered { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(Math.Min(buffer.Length, 7001), content.Length - Delivered);
            if (count == 0 && atEnd is not null)
            {
                throw atEnd;
            }

            content.AsSpan(Delivered, count).CopyTo(buffer);
            Delivered += count;
            return count;
        }
    }
}
