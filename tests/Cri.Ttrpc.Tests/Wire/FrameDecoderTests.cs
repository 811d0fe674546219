using Cri.Ttrpc.Wire;

namespace Cri.Ttrpc.Tests.Wire;

public sealed class FrameDecoderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(5000)]
    [InlineData(1_000_000)]
    public void Receive_InPiecesOfAnySize_YieldsTheSameFrames(int pieceSize)
    {
        var stream = new List<byte>();
        int[] sizes = [0, 1, 9, 4096, 70_000, 0];
        for (var i = 0; i < sizes.Length; i++)
        {
            stream.AddRange(Frame((uint)i, sizes[i]));
        }

        var seen = new List<(uint Stream, int Size)>();
        var decoder = new FrameDecoder((header, payload, oversized) =>
        {
            Assert.False(oversized);
            Assert.All(payload.ToArray(), value => Assert.Equal((byte)header.StreamId, value));
            seen.Add((header.StreamId, payload.Length));
        });
        foreach (var piece in stream.Chunk(pieceSize))
        {
            decoder.Receive(piece);
        }

        Assert.Equal(sizes.Select((size, i) => ((uint)i, size)), seen);
    }

    [Fact]
    public void Receive_FrameBeyondFourMebibytes_IsReportedAndSkipped()
    {
        var seen = new List<(uint Stream, bool Oversized)>();
        var decoder = new FrameDecoder((header, _, oversized) => seen.Add((header.StreamId, oversized)));
        byte[] stream = [.. Frame(1, FrameHeader.MaxPayload + 1), .. Frame(3, 5)];
        foreach (var piece in stream.Chunk(8192))
        {
            decoder.Receive(piece);
        }

        Assert.Equal([(1u, true), (3u, false)], seen);
    }

    [Fact]
    public void Header_WrittenAndRead_IsTheSame()
    {
        var header = new FrameHeader(0x01020304, 0x0a0b0c0d, FrameType.Response, 7);
        var bytes = new byte[FrameHeader.Size];
        header.Write(bytes);
        Assert.Equal([1, 2, 3, 4, 10, 11, 12, 13, 2, 7], bytes);
        Assert.Equal(header, FrameHeader.Read(bytes));
    }

    private static byte[] Frame(uint stream, int size)
    {
        var frame = new byte[FrameHeader.Size + size];
        new FrameHeader((uint)size, stream, FrameType.Request).Write(frame);
        frame.AsSpan(FrameHeader.Size).Fill((byte)stream);
        return frame;
    }
}
