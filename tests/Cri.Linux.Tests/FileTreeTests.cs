using Xunit;

namespace Cri.Linux.Tests;

public sealed class FileTreeTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("crisp-tree-").FullName;
    private readonly FileTree _tree;

    public FileTreeTests() => _tree = FileTree.Open(_path);

    public void Dispose()
    {
        _tree.Dispose();
        FileTree.Remove(_path);
    }

    [Fact]
    public void OpenDirectory_RelativeLinkInside_IsFollowed()
    {
        Directory.CreateDirectory(Path.Join(_path, "a/b"));
        File.CreateSymbolicLink(Path.Join(_path, "link"), "a/../a/b");

        using var directory = _tree.OpenDirectory("link"u8);

        Assert.Equal(FileStatus.Of(Path.Join(_path, "a/b"))!.Inode, FileStatus.Of(directory!).Inode);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("/tmp")]
    [InlineData("/proc/self/root")]
    public void OpenDirectory_LinkOutside_IsExdev(string target)
    {
        File.CreateSymbolicLink(Path.Join(_path, "link"), target);

        var error = Assert.Throws<LinuxException>(() => _tree.OpenDirectory("link"u8));

        Assert.Equal(Errno.EXDEV, error.Error);
    }

    [Fact]
    public void OpenDirectory_Missing_IsNull() => Assert.Null(_tree.OpenDirectory("no/such"u8));

    [Fact]
    public void OpenDirectory_File_IsEnotdir()
    {
        File.WriteAllText(Path.Join(_path, "file"), "");

        Assert.Equal(Errno.ENOTDIR, Assert.Throws<LinuxException>(() => _tree.OpenDirectory("file"u8)).Error);
    }

    [Fact]
    public void CreateFile_SymlinkInTheWay_IsEexist()
    {
        File.CreateSymbolicLink(Path.Join(_path, "name"), Path.Join(_path, "target"));

        var error = Assert.Throws<LinuxException>(() => FileTree.CreateFile(_tree.Root, "name"u8, 0x1A4));

        Assert.Equal(Errno.EEXIST, error.Error);
        Assert.False(File.Exists(Path.Join(_path, "target")));
    }

    [Fact]
    public void SetModified_NanosecondsBefore1970_AreKept()
    {
        FileTree.CreateFile(_tree.Root, "old"u8, 0x1A4).Dispose();
        var time = new FileTime(-2, 500_000_001);

        FileTree.SetModified(_tree.Root, "old"u8, time);

        Assert.Equal(time, FileStatus.Of(_tree.Root, "old"u8)!.Modified);
    }

    [Fact]
    public void Remove_DeepTreeWithOddNames_IsGone()
    {
        var parent = Path.Join(_path, "deep");
        Directory.CreateDirectory(Path.Join(parent, string.Join('/', Enumerable.Repeat("d", 500))));
        File.CreateSymbolicLink(Path.Join(parent, "link"), _path);
        using (var deep = FileTree.Open(parent))
        {
            FileTree.CreateFile(deep.Root, [0xFF, 0xFE], 0x1A4).Dispose();
            FileTree.MakeNode(deep.Root, "fifo"u8, FileKind.Fifo, 0x1A4, 0);
        }

        FileTree.Remove(parent);
        FileTree.Remove(parent);

        Assert.False(Directory.Exists(parent));
        Assert.True(Directory.Exists(_path));
    }

    [Fact]
    public void Rename_ExistingName_IsReplaced()
    {
        File.WriteAllText(Path.Join(_path, "a"), "new");
        File.WriteAllText(Path.Join(_path, "b"), "old");

        FileTree.Rename(_tree.Root, "a"u8, _tree.Root, "b"u8);

        Assert.Equal("new", File.ReadAllText(Path.Join(_path, "b")));
        Assert.Null(FileStatus.Of(_tree.Root, "a"u8));
    }

    [Fact]
    public void OfTree_HardLinks_CountOnce()
    {
        File.WriteAllBytes(Path.Join(_path, "one"), new byte[100_000]);
        SyncFs.FileSystem(_path);
        var before = FileSystemUsage.OfTree(_path)!;

        FileTree.MakeHardLink(_tree.Root, "one"u8, _tree.Root, "two"u8);

        Assert.Equal(before, FileSystemUsage.OfTree(_path));
        Assert.Equal(2, before.Inodes);
        Assert.InRange(before.Bytes, 100_000, 120_000);
        Assert.Null(FileSystemUsage.OfTree(Path.Join(_path, "none")));
    }

    [Fact]
    public void OfFileSystem_Root_IsWithinItsTotal()
    {
        var (used, total) = FileSystemUsage.OfFileSystem("/");

        Assert.InRange(used.Bytes, 1, total.Bytes);
    }

    [Fact]
    public void Xattrs_SetOnEntryAndFile_AreListed()
    {
        using var file = FileTree.CreateFile(_tree.Root, "file"u8, 0x1A4);
        FileTree.MakeSymbolicLink(_tree.Root, "link"u8, "nowhere"u8);
        var path = Path.Join(_path, "file");

        Xattrs.Set(file, "user.a", "1"u8);
        Xattrs.Set(_tree.Root, "file"u8, "trusted.b", [0, 1, 2]);
        Xattrs.Set(_tree.Root, "link"u8, "trusted.c", "on the link"u8);

        Assert.Equal(["trusted.b", "user.a"], Xattrs.List(path).Order());
        Assert.Equal([0, 1, 2], Xattrs.Get(path, "trusted.b"));
        Assert.Equal("on the link"u8.ToArray(), Xattrs.Get(Path.Join(_path, "link"), "trusted.c"));
        Assert.Null(Xattrs.Get(path, "user.none"));
    }
}
