using Cri.Streaming.Spdy;
using Xunit;

namespace Cri.Streaming.Tests.Spdy;

public class HeaderCompressionTests
{
    private static readonly (string Name, byte[] Plain, byte[] Compressed)[] _blocks = ReadBlocks();

    public static TheoryData<string> Sessions => [.. _blocks.Select(block => block.Name).Distinct()];

    [Theory]
    [MemberData(nameof(Sessions))]
    public void Decompress_BlocksOfRealZlib_AreTheOriginals(string session)
    {
        var compression = new HeaderCompression();

        foreach (var (_, plain, compressed) in _blocks.Where(block => block.Name == session))
        {
            Assert.Equal(plain, compression.Decompress(compressed));
        }
    }

    [Theory]
    [MemberData(nameof(Sessions))]
    public void Decompress_AnyByteChanged_FailsOrDecompressesButNeverMore(string session)
    {
        var compressed = _blocks.First(block => block.Name == session).Compressed;
        for (var position = 0; position < compressed.Length; position++)
        {
            var changed = compressed.ToArray();
            changed[position] ^= 0x5a;
            try
            {
                Assert.InRange(new HeaderCompression().Decompress(changed).Length, 0, HeaderCompression.LargestBlock);
            }
            catch (SpdyException)
            {
                // What it is for.
            }
        }
    }

    [Fact]
    public void Decompress_AnotherDictionary_Fails()
    {
        byte[] compressed = [0x78, 0xbb, 1, 2, 3, 4, 0, 0, 0, 0xff, 0xff];

        Assert.Throws<SpdyException>(() => new HeaderCompression().Decompress(compressed));
    }

    [Fact]
    public void Decompress_MoreThanTheBound_Fails()
    {
        var compression = new HeaderCompression();
        byte[] zeros = [.. new HeaderCompression().Compress(new byte[HeaderCompression.LargestBlock]), 0, 1, 0, 0xfe, 0xff, 7];

        Assert.Throws<SpdyException>(() => compression.Decompress(zeros));
    }

    [Fact]
    public void Compress_SeveralBlocks_AreDecompressedOneByOne()
    {
        var sender = new HeaderCompression();
        var receiver = new HeaderCompression();

        foreach (var block in new[] { new byte[] { 0, 0, 0, 0 }, [], [.. Enumerable.Range(0, 256).Select(i => (byte)i)] })
        {
            Assert.Equal(block, receiver.Decompress(sender.Compress(block)));
        }
    }

    [Fact]
    public void Read_WrittenHeaders_AreTheSame()
    {
        var headers = new Dictionary<string, string> { ["streamtype"] = "data", ["port"] = "80", ["empty"] = "" };

        Assert.Equal(headers, HeaderBlock.Read(HeaderBlock.Write(headers)));
    }

    [Fact]
    public void Read_MalformedBlocks_AreNull()
    {
        var valid = HeaderBlock.Write(new Dictionary<string, string> { ["name"] = "value" });

        Assert.Null(HeaderBlock.Read(valid.AsSpan(0, valid.Length - 1)));
        Assert.Null(HeaderBlock.Read([.. valid, 0]));
        Assert.Null(HeaderBlock.Read(HeaderBlock.Write(new Dictionary<string, string> { ["Name"] = "" })));
        Assert.Null(HeaderBlock.Read([0xff, 0xff, 0xff, 0xff]));
        Assert.Null(HeaderBlock.Read([0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]));
    }

    private static (string Name, byte[] Plain, byte[] Compressed)[] ReadBlocks()
    {
        using var reader = new StreamReader(typeof(HeaderCompressionTests).Assembly.GetManifestResourceStream("headers.txt")!);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(' '))
            .Select(parts => (parts[0], Convert.FromBase64String(parts[1]), Convert.FromBase64String(parts[2])))];
    }
}
