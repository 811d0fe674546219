using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;

namespace Cri.ImageService.Tests.Layers;

public sealed class LayerExtractorTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Extract_Metadata_IsKept()
    {
        Extract(new LayerTar()
            .Directory("dir/", 0x3FF, 5, 6)
            .File("dir/setuid", "x", 0x9ED, 1000, 1001)
            .Symlink("dir/link", "/absolute/../anything")
            .Fifo("dir/fifo")
            .CharacterDevice("dir/null", 1, 3)
            .File("dir/later", "changes the directory's time"));

        var directory = Status("dir");
        Assert.Equal((FileKind.Directory, 0x3FF, 5u, 6u), (directory.Kind, directory.Permissions, directory.UserId, directory.GroupId));
        var file = Status("dir/setuid");
        Assert.Equal((FileKind.Regular, 0x9ED, 1000u, 1001u), (file.Kind, file.Permissions, file.UserId, file.GroupId));
        Assert.Equal(FileKind.Fifo, Status("dir/fifo").Kind);
        Assert.Equal((FileKind.CharacterDevice, DeviceNumber.Pack(1, 3)), (Status("dir/null").Kind, Status("dir/null").SpecialDevice));
        Assert.Equal("/absolute/../anything", new FileInfo(_directory.Join("dir/link")).LinkTarget);
        var expected = new FileTime(LayerTar.Time.ToUnixTimeSeconds(), 123456700);
        Assert.All(["dir", "dir/setuid", "dir/link", "dir/fifo"], name => Assert.Equal(expected, Status(name).Modified));
    }

    [Fact]
    public void Extract_LongAndForeignNames_AreKept()
    {
        var name = string.Join('/', Enumerable.Repeat("a-rather-long-directory-name", 12)) + "/ünïcødé";

        Extract(new LayerTar().File(name, "deep"));

        Assert.Equal("deep", File.ReadAllText(_directory.Join(name)));
    }

    [Fact]
    public void Extract_Xattrs_AreKeptExceptOverlays()
    {
        Extract(new LayerTar().File("file", "x", xattrs: new()
        {
            ["user.note"] = "kept",
            ["trusted.overlay.redirect"] = "/etc",
            ["user.overlay.opaque"] = "y",
        }));

        Assert.Equal("kept"u8.ToArray(), Xattrs.Get(_directory.Join("file"), "user.note"));
        Assert.DoesNotContain(Xattrs.List(_directory.Join("file")), name => name.Contains("overlay"));
    }

    [Fact]
    public void Extract_FileCapability_IsSetAfterOwner()
    {
        // vfs_cap_data, version 2 with the effective bit: cap_net_raw in the permitted set.
        var capability = new byte[20];
        capability[0] = 1;
        capability[3] = 2;
        capability[5] = 0x20;
        var record = RawTar.PaxRecord("SCHILY.xattr.security.capability", capability);

        Extract([.. RawTar.Pax(record), .. RawTar.Entry("ping", '0', "x"), .. RawTar.End]);

        Assert.Equal(capability, Xattrs.Get(_directory.Join("ping"), "security.capability"));
    }

    [Fact]
    public void Extract_HardLink_SharesInode()
    {
        Extract(new LayerTar().Directory("a/").File("a/one", "x").HardLink("two", "a/one"));

        Assert.Equal(Status("a/one").Inode, Status("two").Inode);
        Assert.Equal(2u, Status("two").Links);
    }

    [Fact]
    public void Extract_Whiteouts_BecomeOverlays()
    {
        Extract(new LayerTar()
            .Directory("dir/").File("dir/.wh.gone").Directory("replaced/").File("replaced/.wh..wh..opq").File("replaced/new", "x")
            .File(".wh..wh.plnk/ignored"));

        Assert.Equal((FileKind.CharacterDevice, 0ul), (Status("dir/gone").Kind, Status("dir/gone").SpecialDevice));
        Assert.Equal("y"u8.ToArray(), Xattrs.Get(_directory.Join("replaced"), "trusted.overlay.opaque"));
        Assert.Equal(["dir", "replaced"], Directory.EnumerateFileSystemEntries(_directory.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Extract_WhiteoutThenSameDirectory_DirectoryIsOpaque()
    {
        Extract(new LayerTar().File(".wh.dir").Directory("dir/").File("dir/new", "x"));

        Assert.Equal(FileKind.Directory, Status("dir").Kind);
        Assert.Equal("y"u8.ToArray(), Xattrs.Get(_directory.Join("dir"), "trusted.overlay.opaque"));
    }

    [Fact]
    public void Extract_WhiteoutAfterSameDirectory_KeepsWhatTheLayerHas()
    {
        Extract(new LayerTar().Directory("dir/", 0x1C0).File("dir/new", "x").File(".wh.dir"));

        Assert.Equal("x", File.ReadAllText(_directory.Join("dir/new")));
        Assert.Equal((0x1C0, LayerTar.Time.ToUnixTimeSeconds()), (Status("dir").Permissions, Status("dir").Modified.Seconds));
        Assert.Equal("y"u8.ToArray(), Xattrs.Get(_directory.Join("dir"), "trusted.overlay.opaque"));
    }

    [Fact]
    public void Extract_WhiteoutThenEntriesBelowIt_DirectoryIsOpaque()
    {
        Extract(new LayerTar().File(".wh.dir").File("dir/below/new", "x"));

        Assert.Equal("x", File.ReadAllText(_directory.Join("dir/below/new")));
        Assert.Equal("y"u8.ToArray(), Xattrs.Get(_directory.Join("dir"), "trusted.overlay.opaque"));
        Assert.Null(Xattrs.Get(_directory.Join("dir/below"), "trusted.overlay.opaque"));
    }

    [Fact]
    public void Extract_EntryTwice_LastWins()
    {
        Extract(new LayerTar().Directory("d/").File("d/x", "old").File("d", "now a file").Directory("d/").File("d/y", "new"));

        Assert.Equal(["y"], Directory.EnumerateFileSystemEntries(_directory.Join("d")).Select(Path.GetFileName));
    }

    [Fact]
    public void Extract_RelativeSymlinkInPath_IsFollowedInside()
    {
        Extract(new LayerTar().Directory("usr/").Directory("usr/lib/").Symlink("lib", "usr/lib").File("lib/file", "x"));

        Assert.Equal("x", File.ReadAllText(_directory.Join("usr/lib/file")));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    [InlineData("a/..")]
    public void Extract_NameOutOfTheRoot_IsRefusedByName(string name)
    {
        var error = Assert.Throws<LayerFormatException>(() => Extract(new LayerTar().File(name, "x")));

        Assert.Contains($"\"{name}\"", error.Message);
        Assert.False(File.Exists(_directory.Join("..", "outside")));
    }

    [Theory]
    [InlineData("/tmp")]
    [InlineData("..")]
    [InlineData("a/../../..")]
    public void Extract_ThroughSymlinkOutOfTheRoot_IsRefused(string target)
    {
        var tar = new LayerTar().Directory("a/").Symlink("evil", target).File("evil/crisp-escaped", "x");

        var error = Assert.Throws<LayerFormatException>(() => Extract(tar));

        Assert.Contains("leads out of the layer", error.Message);
        Assert.Contains("evil/crisp-escaped", error.Message);
        Assert.False(File.Exists("/tmp/crisp-escaped"));
    }

    [Theory]
    [InlineData("/etc/hostname")]
    [InlineData("../../etc/hostname")]
    [InlineData("missing")]
    [InlineData("evil/hostname")]
    [InlineData("dir")]
    [InlineData(".")]
    public void Extract_HardLinkToWhatTheLayerHasNot_IsRefused(string target)
    {
        var tar = new LayerTar().Directory("dir/").Symlink("evil", "/etc").HardLink("link", target);

        var error = Assert.Throws<LayerFormatException>(() => Extract(tar));

        Assert.Contains("\"link\"", error.Message);
    }

    [Theory]
    [InlineData(".wh.")]
    [InlineData(".wh..")]
    [InlineData(".wh...")]
    [InlineData("dir/.wh..")]
    [InlineData("./.wh..wh..opq")]
    public void Extract_WhiteoutOfTheRoot_IsRefused(string name)
    {
        var error = Assert.Throws<LayerFormatException>(() => Extract(new LayerTar().Directory("dir/").File(name)));

        Assert.Contains("whiteout of the root", error.Message);
    }

    [Fact]
    public void Extract_DeviceAsParent_IsRefused()
    {
        var tar = new LayerTar().CharacterDevice("null", 1, 3).File("null/child", "x");

        var error = Assert.Throws<LayerFormatException>(() => Extract(tar));

        Assert.Contains("not a directory", error.Message);
    }

    [Fact]
    public void Extract_CutInsideAnEntry_IsRefused()
    {
        var tar = new LayerTar().File("file", new byte[5000]).ToArray();

        var error = Assert.Throws<LayerFormatException>(() => Extract(tar[..3000]));

        Assert.Contains("ends in the middle", error.Message);
    }

    [Fact]
    public void Extract_GnuLongName_IsRead()
    {
        var name = new string('n', 180);

        Extract([.. RawTar.Entry("././@LongLink", 'L', name + "\0"), .. RawTar.Entry("cut", '0', "content"), .. RawTar.End]);

        Assert.Equal("content", File.ReadAllText(_directory.Join(name)));
    }

    [Fact]
    public void Extract_NameThatIsNotUtf8_IsKeptAsBytes()
    {
        Extract([.. RawTar.Entry(Encoding.Latin1.GetString([(byte)'f', 0xE9]), '0', "x"), .. RawTar.End]);

        using var tree = FileTree.Open(_directory.Path);
        Assert.NotNull(FileStatus.Of(tree.Root, [(byte)'f', 0xE9]));
    }

    [Theory]
    [InlineData('V')]
    [InlineData('M')]
    public void Extract_UnsupportedType_IsRefusedByName(char type)
    {
        var error = Assert.Throws<LayerFormatException>(() => Extract([.. RawTar.Entry("odd", type, ""), .. RawTar.End]));

        Assert.Contains("\"odd\"", error.Message);
    }

    [Fact]
    public void Extract_GnuTarOfRealTree_IsTheSameTree()
    {
        using var source = new TemporaryDirectory();
        Command.Run("cp", "-a", "/etc/.", source.Path);
        Command.Run("tar", "-C", source.Path, "--format=pax", "--sort=name", "-cf", _directory.Path + ".tar", ".");
        try
        {
            Extract(File.ReadAllBytes(_directory.Path + ".tar"));
        }
        finally
        {
            File.Delete(_directory.Path + ".tar");
        }

        Assert.Equal(Listing(source.Path), Listing(_directory.Path));
    }

    private static string Listing(string path) =>
        Command.Run("find", path, "-printf", "%P %y %m %U %G %s %T@ %l\n").Split('\n').Order().Aggregate((all, line) => $"{all}\n{line}");

    private ExtractedTree Extract(LayerTar tar) => Extract(tar.ToArray());

    private ExtractedTree Extract(byte[] tar) => LayerExtractor.Extract(new MemoryStream(tar), _directory.Path);

    private FileStatus Status(string name) => FileStatus.Of(_directory.Join(name)) ?? throw new FileNotFoundException(name);
}
