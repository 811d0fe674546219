using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;

namespace Cri.ImageService.Tests.Layers;

/// <summary>Files with holes, in every form that GNU tar writes.</summary>
public sealed class SparseFileTests : IDisposable
{
    private const long Gigabyte = 1 << 30;

    private readonly TemporaryDirectory _directory = new();
    private readonly TemporaryDirectory _source = new();

    public void Dispose()
    {
        _directory.Dispose();
        _source.Dispose();
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax", "--sparse-version=0.0")]
    [InlineData("--format=pax", "--sparse-version=0.1")]
    [InlineData("--format=pax", "--sparse-version=1.0")]
    public void Extract_SparseFileOfGnuTar_HasContentAndHoles(params string[] format)
    {
        // Regions beyond the four that an old header holds, and beyond the 21 of a first extension block.
        Make("many", [.. Enumerable.Range(0, 40).Select(i => ((i * 100_000L) + 7, $"region {i}"))], 5_000_000);
        Make("huge", [(0, "begin"), (9 * Gigabyte, "middle")], 10 * Gigabyte);
        Make("hole", [], 1_000_000);
        Make("end", [(99_995, "last.")], 100_000);
        var name = string.Join('/', Enumerable.Repeat("a-long-directory-name", 8)) + "/deep";
        Directory.CreateDirectory(Path.GetDirectoryName(_source.Join(name))!);
        Make(name, [(8192, "deep")], 20_000);

        using var archive = new TemporaryDirectory();
        Command.Run("tar", ["-C", _source.Path, .. format, "--sparse", "--hole-detection=seek", "-cf", archive.Join("tar"), "."]);
        Extract(File.ReadAllBytes(archive.Join("tar")));

        foreach (var file in new[] { "many", "hole", "end", name })
        {
            Assert.True(File.ReadAllBytes(_source.Join(file)).AsSpan().SequenceEqual(File.ReadAllBytes(_directory.Join(file))), file);
        }

        using var huge = File.OpenRead(_directory.Join("huge"));
        Assert.Equal(10 * Gigabyte, huge.Length);
        Assert.Equal("begin", Read(huge, 0, 5));
        Assert.Equal("middle", Read(huge, 9 * Gigabyte, 6));
        Assert.All(["huge", "hole", "many"], file => Assert.True(Status(file).Blocks <= 2 * StatusOf(_source.Join(file)).Blocks, file));
    }

    [Fact]
    public void Extract_SparseFileOfBsdtar_HasContentAndHoles()
    {
        Make("file", [(1_000_000, "content"), (3_000_000, "more")], 4_000_000);
        using var archive = new TemporaryDirectory();

        Command.Run("bsdtar", "-C", _source.Path, "--format=pax", "-cf", archive.Join("tar"), "file");
        Extract(File.ReadAllBytes(archive.Join("tar")));

        Assert.True(File.ReadAllBytes(_source.Join("file")).AsSpan().SequenceEqual(File.ReadAllBytes(_directory.Join("file"))));
        Assert.True(Status("file").Blocks < 1000);
    }

    [Theory]
    [InlineData("0,10,5,5")] // They overlap.
    [InlineData("10,5,0,5")] // The wrong way round.
    [InlineData("0,10,90,20")] // Beyond the end.
    [InlineData("0,5")] // Less than there is.
    [InlineData("0,50")] // More than there is.
    [InlineData("0,5,5")] // A pair too few.
    [InlineData("-5,10")]
    [InlineData("0,-10")]
    [InlineData("9223372036854775807,9223372036854775807")]
    [InlineData("x,y")]
    [InlineData("")]
    public void Extract_SparseMapThatCannotBe_IsRefused(string map)
    {
        var records = Record("GNU.sparse.size", "100").Concat(Record("GNU.sparse.map", map)).ToArray();

        var error = Assert.Throws<LayerFormatException>(() => Extract([.. RawTar.Pax(records), .. RawTar.Entry("file", '0', "0123456789"), .. RawTar.End]));

        Assert.Contains("map of a sparse file", error.Message);
    }

    [Fact]
    public void Extract_MapInContentThatNeverEnds_IsRefused()
    {
        var records = Record("GNU.sparse.major", "1").Concat(Record("GNU.sparse.realsize", "100")).ToArray();
        var map = "999999999\n" + string.Concat(Enumerable.Repeat("0\n0\n", 300_000));

        var error = Assert.Throws<LayerFormatException>(() => Extract([.. RawTar.Pax(records), .. RawTar.Entry("file", '0', map), .. RawTar.End]));

        Assert.Contains("\"file\"", error.Message);
    }

    [Fact]
    public void Extract_OldMapThatNeverEnds_IsRefused()
    {
        var extension = new byte[512];
        for (var i = 0; i < 21; i++)
        {
            "00000000000\000000000000\0"u8.CopyTo(extension.AsSpan(i * 24));
        }

        extension[504] = 1;
        var header = RawTar.Entry("file", 'S', "");
        header[482] = 1;
        RawTar.Sign(header);

        Assert.Throws<LayerFormatException>(() => Extract([.. header, .. Enumerable.Repeat(extension, 20_000).SelectMany(block => block)]));
    }

    [Fact]
    public void Extract_SparseFileBeyondTheFileSystem_IsRefusedByName()
    {
        var records = Record("GNU.sparse.size", long.MaxValue.ToString()).Concat(Record("GNU.sparse.map", "0,1")).ToArray();

        var error = Assert.ThrowsAny<Exception>(() => Extract([.. RawTar.Pax(records), .. RawTar.Entry("giant", '0', "x"), .. RawTar.End]));

        Assert.Contains("\"giant\"", error.Message);
    }

    private static byte[] Record(string key, string value) => RawTar.PaxRecord(key, Encoding.ASCII.GetBytes(value));

    private static string Read(FileStream file, long offset, int count)
    {
        var content = new byte[count];
        file.Position = offset;
        file.ReadExactly(content);
        return Encoding.ASCII.GetString(content);
    }

    private static FileStatus StatusOf(string path) => FileStatus.Of(path) ?? throw new FileNotFoundException(path);

    private void Make(string name, IReadOnlyList<(long Offset, string Text)> regions, long length)
    {
        using var file = File.Create(_source.Join(name));
        foreach (var (offset, text) in regions)
        {
            file.Position = offset;
            file.Write(Encoding.ASCII.GetBytes(text));
        }

        file.SetLength(length);
    }

    private FileStatus Status(string name) => StatusOf(_directory.Join(name));

    private void Extract(byte[] tar) => LayerExtractor.Extract(new MemoryStream(tar), _directory.Path);
}
