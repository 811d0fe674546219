using System.Text;
using Cri.ImageService.Layers;
using Cri.ImageService.Tests.Fixtures;
using Cri.Linux;

namespace Cri.ImageService.Tests.Layers;

/// <summary>The dialects of tar, by the fields in which they differ.</summary>
public sealed class TarFormatTests : IDisposable
{
    private const string NoMagic = "\0\0\0\0\0\0\0\0";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("v7")]
    [InlineData("oldgnu")]
    [InlineData("gnu")]
    [InlineData("ustar")]
    [InlineData("pax")]
    public void Extract_EachFormatOfGnuTar_IsTheSameTree(string format)
    {
        using var source = new TemporaryDirectory();
        File.WriteAllText(source.Join("file"), "content");
        Directory.CreateDirectory(source.Join("dir", "below"));
        File.WriteAllText(source.Join("dir", "below", "script"), "#!/bin/sh\n");
        Command.Run("chmod", "4711", source.Join("dir", "below", "script"));
        Command.Run("ln", source.Join("file"), source.Join("dir", "hard"));
        Command.Run("ln", "-s", "../file", source.Join("dir", "soft"));
        Command.Run("chown", "-R", "1234:2345", source.Join("dir", "below"));
        Command.Run("touch", "-d", "@1000000000", source.Join("file"), source.Join("dir", "below"));
        Command.Run("touch", "-h", "-d", "@1000000001", source.Join("dir", "soft"));
        if (format is not ("v7" or "oldgnu"))
        {
            Command.Run("mkfifo", source.Join("fifo"));
        }

        Command.Run("find", source.Path, "-newermt", "2002-01-01", "-exec", "touch", "-h", "-d", "@1500000000", "{}", "+");

        using var archive = new TemporaryDirectory();
        Command.Run("tar", "-C", source.Path, $"--format={format}", "--numeric-owner", "-cf", archive.Join("tar"), ".");
        Extract(File.ReadAllBytes(archive.Join("tar")));

        Assert.Equal(FileTreeListing.Of(source.Path), FileTreeListing.Of(_directory.Path));
    }

    [Fact]
    public void Extract_V7DirectoryBySlash_IsADirectory()
    {
        Extract([.. RawTar.Header("dir/", '\0', (257, NoMagic)), .. RawTar.Entry("dir/file", '0', "x"), .. RawTar.End]);

        Assert.Equal(FileKind.Directory, Status("dir").Kind);
    }

    [Fact]
    public void Extract_V7DirectoryWithContent_IsRefused()
    {
        var error = Assert.Throws<LayerFormatException>(() => Extract([.. RawTar.Entry("dir/", '0', "hidden"), .. RawTar.End]));

        Assert.Contains("a directory with content", error.Message);
    }

    [Fact]
    public void Extract_UstarPrefix_IsInFrontOfTheName()
    {
        Extract([.. RawTar.Header("file", '0', (345, "some/where")), .. RawTar.End]);

        Assert.Equal(FileKind.Regular, Status("some/where/file").Kind);
    }

    [Fact]
    public void Extract_StarPrefix_EndsBeforeTheTimes()
    {
        var prefix = new string('p', 131);

        Extract([.. RawTar.Header("file", '0', (345, prefix), (476, "13712345670\013712345671\0"), (508, "tar\0")), .. RawTar.End]);

        Assert.Equal(FileKind.Regular, Status($"{prefix}/file").Kind);
    }

    [Fact]
    public void Extract_ContiguousFile_IsAFile()
    {
        Extract([.. RawTar.Entry("file", '7', "content"), .. RawTar.End]);

        Assert.Equal("content", File.ReadAllText(_directory.Join("file")));
    }

    [Fact]
    public void Extract_BinaryNumbers_AreRead()
    {
        // Owners beyond seven octal digits, and half a day before 1970.
        var (user, group) = ("\u0080\0\0\0\u00fe\u00dc\u00ba\u0098", "\u0080\0\0\0\0\u0020\0\0");
        var time = string.Concat(Enumerable.Repeat('\u00ff', 10)) + "\u0057\u0040";

        Extract([.. RawTar.Header("file", '0', (108, user), (116, group), (136, time)), .. RawTar.End]);

        var status = Status("file");
        Assert.Equal((0xFEDCBA98u, 0x200000u), (status.UserId, status.GroupId));
        Assert.Equal(new FileTime(-43200, 0), status.Modified);
    }

    [Fact]
    public void Extract_NumberWithTextBehindItsEnd_IsReadToItsEnd()
    {
        Extract([.. RawTar.Header("file", '0', (108, "17\0junk"), (116, " 21 \0\0\0\0")), .. RawTar.End]);

        Assert.Equal((15u, 17u), (Status("file").UserId, Status("file").GroupId));
    }

    [Theory]
    [InlineData("1234567890.5", 1234567890, 500_000_000)]
    [InlineData("1234567890.123456789", 1234567890, 123_456_789)]
    [InlineData("1234567890.1234567899", 1234567890, 123_456_789)]
    [InlineData("-1.25", -2, 750_000_000)]
    [InlineData("-0.000000001", -1, 999_999_999)]
    [InlineData("0", 0, 0)]
    [InlineData("-100", -100, 0)]
    public void Extract_PaxTime_HasItsFraction(string text, long seconds, uint nanoseconds)
    {
        Extract([.. Pax(("mtime", text)), .. RawTar.Entry("file", '0', "x"), .. RawTar.End]);

        Assert.Equal(new FileTime(seconds, nanoseconds), Status("file").Modified);
    }

    [Fact]
    public void Extract_PaxRecords_OverrideTheHeader()
    {
        var name = new string('n', 200);
        Extract([
            .. Pax(("hdrcharset", "BINARY"), ("path", name), ("uid", "4000000000"), ("gid", "3000000"), ("size", "7"), ("comment", "none")),
            .. Sized(RawTar.Entry("other", '0', "content"), 3),
            .. Pax(("path", "link"), ("linkpath", name)), .. RawTar.Entry("l", '1', ""),
            .. RawTar.End]);

        var status = Status(name);
        Assert.Equal((4_000_000_000u, 3_000_000u, 7L, 2u), (status.UserId, status.GroupId, status.Size, status.Links));
        Assert.Equal(status.Inode, Status("link").Inode);
    }

    [Fact]
    public void Extract_EmptyPaxRecord_LeavesTheHeader()
    {
        Extract([.. Pax(("path", "wrong"), ("path", ""), ("uid", "7"), ("uid", "")), .. RawTar.Entry("right", '0', "x"), .. RawTar.End]);

        Assert.Equal(0u, Status("right").UserId);
    }

    [Fact]
    public void Extract_GlobalHeader_CountsForOwnersAndTimesThatNothingElseSays()
    {
        Extract([
            .. Global(("uid", "7"), ("gid", "8"), ("mtime", "99.5"), ("comment", "of a commit")),
            .. RawTar.Entry("one", '0', "x"),
            .. Pax(("uid", "9")), .. RawTar.Entry("two", '0', "x"),
            .. Global(("gid", "10")), .. RawTar.Entry("three", '0', "x"),
            .. RawTar.End]);

        Assert.Equal((7u, 8u, new FileTime(99, 500_000_000)), (Status("one").UserId, Status("one").GroupId, Status("one").Modified));
        Assert.Equal((9u, 8u), (Status("two").UserId, Status("two").GroupId));
        Assert.Equal((7u, 10u), (Status("three").UserId, Status("three").GroupId));
    }

    [Theory]
    [InlineData("path", "everything")]
    [InlineData("linkpath", "everything")]
    [InlineData("size", "5")]
    [InlineData("GNU.sparse.size", "5")]
    public void Extract_GlobalHeaderThatNamesOneEntry_IsRefused(string key, string value)
    {
        var error = Assert.Throws<LayerFormatException>(() => Extract([.. Global((key, value)), .. RawTar.Entry("a", '0', "x"), .. RawTar.End]));

        Assert.Contains("global", error.Message);
    }

    [Fact]
    public void Extract_AttributesOfBsdtar_AreKept()
    {
        using var source = new TemporaryDirectory();
        File.WriteAllText(source.Join("file"), "x");
        Command.Run("setfattr", "-n", "user.odd name=%", "-v", "0x00ff0a3d", source.Join("file"));
        Command.Run("setfattr", "-n", "trusted.note", "-v", "kept", source.Join("file"));
        using var archive = new TemporaryDirectory();

        Command.Run("bsdtar", "-C", source.Path, "--format=pax", "--xattrs", "-cf", archive.Join("tar"), "file");
        Extract(File.ReadAllBytes(archive.Join("tar")));

        Assert.Equal([0, 0xFF, (byte)'\n', (byte)'='], Xattrs.Get(_directory.Join("file"), "user.odd name=%"));
        Assert.Equal("kept"u8.ToArray(), Xattrs.Get(_directory.Join("file"), "trusted.note"));
    }

    [Fact]
    public void Extract_LibarchiveAttributeAlone_IsKept()
    {
        Extract([.. Pax(("LIBARCHIVE.xattr.user.a%20b", "AP8")), .. RawTar.Entry("file", '0', "x"), .. RawTar.End]);

        Assert.Equal([0, 0xFF], Xattrs.Get(_directory.Join("file"), "user.a b"));
    }

    [Fact]
    public void Extract_AttributesOfAllKinds_AreKeptWhereTheyMay()
    {
        Extract([
            .. Pax(("SCHILY.xattr.user.d", "dir"), ("SCHILY.xattr.trusted.d", "dir"), ("SCHILY.xattr.security.crisp", "dir")),
            .. RawTar.Entry("dir/", '5', ""),
            .. Pax(("SCHILY.xattr.user.l", "refused by Linux"), ("SCHILY.xattr.trusted.l", "link")),
            .. RawTar.Header("link", '2', (157, "dir")),
            .. Pax(("SCHILY.xattr.unknown.kind", "of another system"), ("SCHILY.xattr.user.empty", "")),
            .. RawTar.Entry("file", '0', "x"),
            .. RawTar.End]);

        Assert.Equal(["security.crisp", "trusted.d", "user.d"], Xattrs.List(_directory.Join("dir")).Order());
        Assert.Equal(["trusted.l"], Xattrs.List(_directory.Join("link")));
        Assert.Equal(["user.empty"], Xattrs.List(_directory.Join("file")));
    }

    [Fact]
    public void Extract_RootNamedBySlash_IsTheRoot()
    {
        Extract([.. RawTar.Header("/", '5', (100, "0000711\0"), (108, "0000005\0")), .. RawTar.End]);

        Assert.Equal((0x1C9, 5u), (Status("").Permissions, Status("").UserId));
    }

    [Fact]
    public void Extract_NothingAtAll_IsAnEmptyTree()
    {
        Assert.Equal(1, Extract([]).Usage.Inodes);
        Assert.Equal(1, Extract(RawTar.End).Usage.Inodes);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void Extract_ManyEntriesOfManyKinds_CountsThem()
    {
        const int Count = 20_000;
        using var tar = new MemoryStream();
        for (var i = 0; i < Count; i++)
        {
            tar.Write(i % 100 == 0 ? RawTar.Entry($"d{i / 100}/", '5', "") : RawTar.Entry($"d{i / 100}/f{i}", '0', "small"));
        }

        var tree = Extract(tar.ToArray());

        Assert.Equal(Count + 1, tree.Usage.Inodes);
        Assert.Equal(Count, Directory.EnumerateFileSystemEntries(_directory.Path, "*", SearchOption.AllDirectories).Count());
    }

    private static byte[] Pax(params (string Key, string Value)[] records) =>
        RawTar.Pax([.. records.Select(record => RawTar.PaxRecord(record.Key, Encoding.UTF8.GetBytes(record.Value)))]);

    private static byte[] Global(params (string Key, string Value)[] records)
    {
        var block = Pax(records);
        block[156] = (byte)'g';
        RawTar.Sign(block);
        return block;
    }

    // The header says another size than its content has; the PAX record knows better.
    private static byte[] Sized(byte[] entry, int size)
    {
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(entry, 124);
        RawTar.Sign(entry);
        return entry;
    }

    private ExtractedTree Extract(byte[] tar) => LayerExtractor.Extract(new MemoryStream(tar), _directory.Path);

    private FileStatus Status(string name) => FileStatus.Of(_directory.Join(name)) ?? throw new FileNotFoundException(name);
}
