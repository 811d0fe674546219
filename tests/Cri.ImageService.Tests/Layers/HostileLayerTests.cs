using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;

namespace Cri.ImageService.Tests.Layers;

/// <summary>Layers made to harm. Each is extracted beside a directory that no entry may reach.</summary>
public sealed class HostileLayerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly IReadOnlyList<string> _outside;

    public HostileLayerTests()
    {
        Directory.CreateDirectory(_directory.Join("outside"));
        File.WriteAllText(_directory.Join("outside", "file"), "untouched");
        Directory.CreateDirectory(_directory.Join("layer"));
        _outside = FileTreeListing.Of(_directory.Join("outside"));
    }

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, byte[]> Escapes => new()
    {
        { "a link to the parent", Tar(Link("up", ".."), Text("up/outside/new", "x")) },
        { "a chain of links", Tar(Link("a", "."), Link("a/b", ".."), Link("a/b/c", "../.."), Text("a/b/outside/new", "x")) },
        { "a directory that became a link", Tar(Dir("d/"), Text("d/x", "1"), Link("d", "../outside"), Text("d/new", "x")) },
        { "a link in the middle", Tar(Dir("d/"), Link("d/e", "../../outside"), Text("d/e/new", "x")) },
        { "a link listed as a directory", Tar(Link("d", "../outside"), Text("d/sub/new", "x")) },
        { "a hard link to the outside", Tar(Hard("h", "../outside/file"), Text("h", "changed")) },
        { "a hard link through a link", Tar(Link("up", ".."), Hard("h", "up/outside/file")) },
        { "an absolute hard link", Tar(Hard("h", "/etc/hostname")) },
        { "a whiteout through a link", Tar(Link("up", "../outside"), Text("up/.wh.file", "")) },
        { "an opaque marker through a link", Tar(Link("up", "../outside"), Text("up/.wh..wh..opq", "")) },
        { "a whiteout of the parent", Tar(Text(".wh...", "")) },
        { "dots", Tar(Text("../outside/new", "x")) },
        { "dots behind a directory", Tar(Dir("d/"), Text("d/../../outside/new", "x")) },
        { "dots at the end", Tar(Dir("d/"), Dir("d/../../outside/..")) },
        { "a PAX path", Tar(Pax(("path", "../outside/new")), Text("fine", "x")) },
        { "a PAX path, the last of two", Tar(Pax(("path", "fine"), ("path", "../outside/new")), Text("fine", "x")) },
        { "a PAX link path", Tar(Pax(("linkpath", "../outside/file")), Hard("h", "fine")) },
        { "a GNU long name", Tar(RawTar.Entry("././@LongLink", 'L', "../outside/new\0"), Text("fine", "x")) },
        { "a GNU sparse name", Tar(Pax(("GNU.sparse.major", "0"), ("GNU.sparse.name", "../outside/new"), ("GNU.sparse.size", "1"), ("GNU.sparse.map", "0,1")), Text("fine", "x")) },
        { "a ustar prefix", Tar(RawTar.Header("new", '0', (345, "../outside"))) },
        { "a NUL in a PAX path", Tar(Pax(("path", "fine\0/../../outside/new")), Text("fine", "x")) },
        { "a NUL in a sparse name", Tar(Pax(("GNU.sparse.name", "fi\0ne"), ("GNU.sparse.size", "1"), ("GNU.sparse.map", "0,1")), Text("fine", "x")) },
        { "a link with a slash at its end", Tar(Link("up/", "../outside"), Text("up/new", "x")) },
        { "a device as a directory", Tar(RawTar.Header("null", '3', (329, "0000001\0"), (337, "0000003\0")), Text("null/new", "x")) },
        { "a fifo as a directory", Tar(RawTar.Entry("pipe", '6', ""), Text("pipe/new", "x")) },
        { "a loop of links", Tar(Link("a", "b"), Link("b", "a"), Text("a/new", "x")) },
        { "a file as the root", Tar(Text("./", "")[..512], Text(".", "x")) },
    };

    [Theory]
    [MemberData(nameof(Escapes))]
    public void Extract_WayOut_IsRefused(string way, byte[] tar)
    {
        var error = Assert.Throws<LayerFormatException>(() => Extract(tar));

        Assert.True(error.Message.Contains("entry \"") || error.Message.Contains("PAX"), $"{way}: {error.Message}");
        AssertOutsideUntouched();
    }

    [Theory]
    [InlineData("/outside/new")]
    [InlineData("//outside//new")]
    [InlineData("/./outside/new")]
    public void Extract_AbsoluteName_IsBelowTheRoot(string name)
    {
        Extract(Tar(Text(name, "x"), Hard("/again", name)));

        Assert.Equal("x", File.ReadAllText(_directory.Join("layer", "outside", "new")));
        Assert.Equal("x", File.ReadAllText(_directory.Join("layer", "again")));
        AssertOutsideUntouched();
    }

    [Fact]
    public void Extract_LinkReplacedByADirectory_IsADirectory()
    {
        Extract(Tar(Link("d", "../outside"), Dir("d/"), Text("d/new", "x")));

        Assert.Equal("x", File.ReadAllText(_directory.Join("layer", "d", "new")));
        AssertOutsideUntouched();
    }

    [Fact]
    public void Extract_FileOverALink_ReplacesTheLink()
    {
        Extract(Tar(Link("f", "../outside/file"), Text("f", "in the layer")));

        Assert.Equal("in the layer", File.ReadAllText(_directory.Join("layer", "f")));
        AssertOutsideUntouched();
    }

    [Fact]
    public void Extract_HardLinkToALink_IsTheLinkItself()
    {
        Extract(Tar(Link("l", "../outside/file"), Hard("h", "l")));

        Assert.Equal("../outside/file", new FileInfo(_directory.Join("layer", "h")).LinkTarget);
    }

    [Fact]
    public void Extract_OddNames_AreNames()
    {
        string[] names = ["line\nbreak", "-rf", " ", "*", "a\\b", "\u0001\u007f", "...", "..a", ".wha", "%2e%2e"];

        Extract(Tar([.. names.Select(name => Text(name, "x"))]));

        Assert.Equal(names.Order(StringComparer.Ordinal), Directory.EnumerateFiles(_directory.Join("layer")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(256, 1)]
    [InlineData(1000, 1)]
    [InlineData(200, 25)]
    public void Extract_NamesBeyondAnyFileSystem_AreRefused(int length, int depth)
    {
        var name = string.Join('/', Enumerable.Repeat(new string('n', length), depth));

        Assert.Throws<LayerFormatException>(() => Extract(Tar(Pax(("path", name)), Text("x", "x"))));
    }

    [Fact]
    public void Extract_DirectoriesInsideEachOther_AreMadeAsDeepAsAPathGoes()
    {
        var name = string.Join('/', Enumerable.Repeat("d", 600));

        Extract(Tar(Pax(("path", name)), Text("x", "x")));
        Assert.Equal("x", File.ReadAllText(_directory.Join("layer", name)));

        // Through links, each would be short enough.
        Assert.Throws<LayerFormatException>(() => Extract(Tar([
            Pax(("path", $"l0/{string.Join('/', Enumerable.Repeat("e", 1000))}/x")), Text("x", "x"),
            .. Enumerable.Range(1, 5).SelectMany(i => new[]
            {
                Pax(("linkpath", $"l{i - 1}/{string.Join('/', Enumerable.Repeat("e", 1000))}")), Link($"l{i}", "x"),
                Pax(("path", $"l{i}/{string.Join('/', Enumerable.Repeat("e", 1000))}/x")), Text("x", "x"),
            })])));
    }

    [Fact]
    public void Extract_ThousandsOfHardLinks_AreMade()
    {
        Extract(Tar([Text("file", "x"), .. Enumerable.Range(0, 3000).Select(i => Hard($"link{i}", "file"))]));

        Assert.Equal(3001u, FileStatus.Of(_directory.Join("layer", "file"))!.Links);
    }

    [Fact]
    public void Extract_SetuidAndDevices_AreMadeAsTheyAre()
    {
        // What a container may do with them is for its devices cgroup, capabilities and user namespace to say.
        Extract(Tar(RawTar.Header("su", '0', (100, "0006755\0")), RawTar.Header("sda", '4', (329, "0000010\0"), (337, "0000000\0"))));

        Assert.Equal(0xDED, FileStatus.Of(_directory.Join("layer", "su"))!.Permissions);
        Assert.Equal((FileKind.BlockDevice, DeviceNumber.Pack(8, 0)), (FileStatus.Of(_directory.Join("layer", "sda"))!.Kind, FileStatus.Of(_directory.Join("layer", "sda"))!.SpecialDevice));
    }

    public static TheoryData<string, byte[]> Damaged => new()
    {
        { "a negative size", Tar(RawTar.Header("x", '0', (124, new string('\u00ff', 12)))) },
        { "a size beyond 64 bits", Tar(RawTar.Header("x", '0', (124, "\u0080" + new string('\u007f', 11)))) },
        { "a negative PAX size", Tar(Pax(("size", "-1")), Text("x", "x")) },
        { "a PAX size beyond 64 bits", Tar(Pax(("size", "99999999999999999999")), Text("x", "x")) },
        { "more content than there is", Tar(Pax(("size", "9223372036854775807")), Text("x", "x")) },
        { "a negative owner", Tar(Pax(("uid", "-1")), Text("x", "x")) },
        { "the owner that means none", Tar(Pax(("uid", "4294967295")), Text("x", "x")) },
        { "letters in a size", Tar(RawTar.Header("x", '0', (124, "12x45678901\0"))) },
        { "a device number beyond 32 bits", Tar(RawTar.Header("x", '3', (329, "\u0080\0\0\u0001\0\0\0\0"))) },
        { "a time that is none", Tar(Pax(("mtime", "yesterday")), Text("x", "x")) },
        { "a time beyond 64 bits", Tar(Pax(("mtime", "-99999999999999999999.5")), Text("x", "x")) },
        { "a record longer than its header", Tar(RawTar.Pax(Encoding.ASCII.GetBytes("999 path=x\n")), Text("x", "x")) },
        { "a record without a length", Tar(RawTar.Pax(Encoding.ASCII.GetBytes("path=x\n")), Text("x", "x")) },
        { "a record without a key", Tar(RawTar.Pax(Encoding.ASCII.GetBytes("5 =x\n")), Text("x", "x")) },
        { "an attribute with an impossible name", Tar(Pax(($"SCHILY.xattr.user.{new string('n', 300)}", "x")), Text("x", "x")) },
        { "an attribute beyond 64 KiB", Tar(Pax(("SCHILY.xattr.user.x", new string('x', 70_000))), Text("x", "x")) },
        { "a capability that is none", Tar(Pax(("SCHILY.xattr.security.capability", "x")), Text("x", "x")) },
        { "an empty link", Tar(RawTar.Entry("x", '2', "")) },
        { "a wrong checksum", [.. Text("x", "x")[..100], 1, .. Text("x", "x")[101..], .. RawTar.End] },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Extract_FieldThatCannotBe_IsRefused(string what, byte[] tar)
    {
        var error = Assert.Throws<LayerFormatException>(() => Extract(tar));

        Assert.False(string.IsNullOrEmpty(error.Message), what);
    }

    [Fact]
    public void Extract_HeadersThatNeverEnd_AreBounded()
    {
        var header = RawTar.Pax(RawTar.PaxRecord("SCHILY.xattr.user.x", new byte[60_000]));

        var error = Assert.Throws<LayerFormatException>(() => LayerExtractor.Extract(new EndlessStream(header), _directory.Join("layer")));

        Assert.Contains("beyond the limit", error.Message);
    }

    [Theory]
    [InlineData('x')]
    [InlineData('g')]
    [InlineData('L')]
    [InlineData('K')]
    public void Extract_HugeExtendedHeader_IsRefusedUnread(char type)
    {
        var header = RawTar.Header("huge", type, (124, "77777777777\0"));

        var error = Assert.Throws<LayerFormatException>(() => Extract(header));

        Assert.Contains("beyond the limit", error.Message);
    }

    private static byte[] Text(string name, string content) => RawTar.Entry(name, '0', content);

    private static byte[] Dir(string name) => RawTar.Header(name, '5', (100, "0000755\0"));

    private static byte[] Link(string name, string target) => RawTar.Header(name, '2', (157, target));

    private static byte[] Hard(string name, string target) => RawTar.Header(name, '1', (157, target));

    private static byte[] Pax(params (string Key, string Value)[] records) =>
        RawTar.Pax([.. records.Select(record => RawTar.PaxRecord(record.Key, Encoding.Latin1.GetBytes(record.Value)))]);

    private static byte[] Tar(params IEnumerable<byte[]> entries) => [.. entries.SelectMany(entry => entry), .. RawTar.End];

    private void Extract(byte[] tar) => LayerExtractor.Extract(new MemoryStream(tar), _directory.Join("layer"));

    private void AssertOutsideUntouched()
    {
        Assert.Equal(_outside, FileTreeListing.Of(_directory.Join("outside")));
        Assert.Equal(["layer", "outside"], Directory.EnumerateFileSystemEntries(_directory.Path).Select(Path.GetFileName).Order());
    }

    // The same bytes for ever.
    private sealed class EndlessStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            Position = Position == Length ? 0 : Position;
            return base.Read(buffer, offset, count);
        }
    }
}
