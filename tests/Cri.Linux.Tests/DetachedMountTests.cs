using System.Text;
using Xunit;

namespace Cri.Linux.Tests;

public sealed class DetachedMountTests : IDisposable
{
    private static readonly IdMap _ids = new(new IdMapping(0, 3_000_000, 1000), new IdMapping(0, 4_000_000, 1000));
    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-detached-").FullName;

    public DetachedMountTests()
    {
        Directory.CreateDirectory(Source);
        Directory.CreateDirectory(Target);
        File.WriteAllText(Source + "/file", "text");
    }

    private string Source => _directory + "/source";

    private string Target => _directory + "/target";

    public void Dispose()
    {
        foreach (var entry in MountTable.Below(_directory).Reverse())
        {
            Mount.Unmount(entry.Target);
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void MapIds_OfADirectory_TranslatesOwnersBothWays()
    {
        using (var user = NamespaceHolder.OpenUserNamespace(_ids))
        using (var mount = DetachedMount.Of(Source))
        {
            mount.MapIds(user);
            mount.Attach(Target);
        }

        var status = FileStatus.Of(Target + "/file")!;
        Assert.Equal((3_000_000u, 4_000_000u), (status.UserId, status.GroupId));
        using var tree = FileTree.Open(Target);
        FileTree.SetOwner(tree.Root, "file"u8, 3_000_007, 4_000_008);
        status = FileStatus.Of(Source + "/file")!;
        Assert.Equal((7u, 8u), (status.UserId, status.GroupId));
    }

    [Fact]
    public void MapIds_OfAFileSystemThatCannot_IsEinval()
    {
        using var user = NamespaceHolder.OpenUserNamespace(_ids);
        using var mount = DetachedMount.Of("/proc/sys");

        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => mount.MapIds(user)).Error);
    }

    [Fact]
    public void MakeReadOnly_OfAFile_RefusesWrites()
    {
        File.WriteAllText(Target + "/file", "");
        using (var mount = DetachedMount.Of(Source + "/file"))
        {
            Assert.False(mount.IsDirectory);
            mount.MakeReadOnly();
            mount.Attach(Target + "/file");
        }

        Assert.Equal("text", File.ReadAllText(Target + "/file"));
        Assert.Equal(Errno.EROFS, Assert.Throws<LinuxException>(() => SmallFile.Write(Target + "/file", "x"u8)).Error);
    }

    [Fact]
    public void MakePrivate_OfASharedMount_LeavesItsPeers()
    {
        Mount.Make("tmpfs", "tmpfs", Source, ["size=64k", "shared"]);
        Assert.True(MountTable.Containing(Source + "/x") is { IsShared: true });
        using (var mount = DetachedMount.Of(Source))
        {
            mount.MakePrivate();
            mount.Attach(Target);
        }

        Assert.False(MountTable.Containing(Target)!.IsShared);
        Assert.Equal(Target, MountTable.Containing(Target + "/deep/below")!.Target);
    }

    [Fact]
    public void Dispose_NotAttached_LeavesNothing()
    {
        DetachedMount.Of(Source).Dispose();

        Assert.Empty(MountTable.Below(_directory));
    }

    [Fact]
    public void OpenInRoot_OfLinks_StaysInTheTree()
    {
        Directory.CreateDirectory(Source + "/in");
        File.WriteAllText(Source + "/in/file", "inside");
        File.CreateSymbolicLink(Source + "/absolute", "/in/file");
        File.CreateSymbolicLink(Source + "/up", "../../../in/file");
        File.CreateSymbolicLink(Source + "/host", "/proc/self/exe");
        using var tree = FileTree.Open(Source);

        foreach (var path in (string[])["absolute", "up", "in/../../../in/file"])
        {
            using var file = tree.OpenInRoot(path);
            Assert.Equal(Source + "/in/file", RealPath.Of($"/proc/self/fd/{file.Number}"));
        }

        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => tree.OpenInRoot("host")).Error);
    }

    [Fact]
    public void OpenDirectory_OfALink_IsRefused()
    {
        Directory.CreateSymbolicLink(Source + "/link", Target);
        using var tree = FileTree.Open(Source);

        Assert.Throws<LinuxException>(() => FileTree.OpenDirectory(tree.Root, Encoding.UTF8.GetBytes("link")));
    }
}
