using Xunit;

namespace Cri.Linux.Tests;

public sealed class MountTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("a b\\c-").FullName;

    public void Dispose()
    {
        foreach (var entry in MountTable.Below(_directory).Reverse())
        {
            Mount.Unmount(entry.Target);
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Make_ThenUnmount_ComesAndGoesInTheTable()
    {
        Mount.Make("tmpfs", "tmpfs", _directory, ["size=64k", "nosuid"]);
        var entry = Assert.Single(MountTable.Below(_directory));
        Assert.Equal((_directory, "tmpfs", "/"), (entry.Target, entry.Type, entry.Root));
        Assert.Contains("size=64k", entry.SuperOptions, StringComparison.Ordinal);
        Assert.True(Mount.Unmount(_directory));
        Assert.False(Mount.Unmount(_directory));
        Assert.Empty(MountTable.Below(_directory));
    }

    [Fact]
    public void Below_DirectoryReachedByASymbolicLink_FindsItsMounts()
    {
        var (inner, link) = (Path.Combine(_directory, "real", "in"), Path.Combine(_directory, "link"));
        Directory.CreateDirectory(inner);
        File.CreateSymbolicLink(link, Path.Combine(_directory, "real"));
        Mount.Make("tmpfs", "tmpfs", inner, ["size=64k"]);

        Assert.Equal(inner, Assert.Single(MountTable.Below(link)).Target);
        Assert.Empty(MountTable.Below(link + "/absent"));
    }

    [Fact]
    public void Make_ReadOnlyBind_RefusesWrites()
    {
        var (source, target) = (Path.Combine(_directory, "source"), Path.Combine(_directory, "target"));
        Directory.CreateDirectory(source);
        Directory.CreateDirectory(target);
        Mount.Make("bind", source, target, ["bind", "ro"]);
        var e = Assert.Throws<LinuxException>(() => SmallFile.Write(Path.Combine(target, "file"), "x"u8));
        Assert.Equal(Errno.EROFS, e.Error);
        SmallFile.Write(Path.Combine(source, "file"), "x"u8);
        Assert.Equal("x", SmallFile.ReadText(Path.Combine(target, "file")));
    }

    [Theory]
    [InlineData(127)]
    [InlineData(499)]
    public void Make_OverlayOfMoreThanAPageOfDirectories_ShowsThemAll(int layers)
    {
        var (root, merged) = (Path.Join(_directory, new string('r', 100)), Path.Join(_directory, "merged"));
        Directory.CreateDirectory(merged);
        var lowers = Enumerable.Range(0, layers).Select(i => Path.Join(root, $"layer{i:d4}", "fs")).ToList();
        lowers.ForEach(lower => File.WriteAllText(Path.Join(Directory.CreateDirectory(lower).FullName, Path.GetFileName(Path.GetDirectoryName(lower))!), ""));

        Mount.Make("overlay", "overlay", merged, [$"lowerdir={string.Join(':', lowers).Replace("\\", "\\\\")}", "ro"]);
        try
        {
            Assert.Equal(layers, Directory.EnumerateFiles(merged).Count());
        }
        finally
        {
            Mount.UnmountAll(merged);
        }
    }

    [Fact]
    public void Make_MissingTarget_NamesCallPathAndCause()
    {
        var e = Assert.Throws<LinuxException>(() => Mount.Make("tmpfs", "tmpfs", Path.Combine(_directory, "none"), []));
        Assert.Equal(("mount", Errno.ENOENT), (e.Call, e.Error));
        Assert.Contains(Path.Combine(_directory, "none"), e.Message, StringComparison.Ordinal);
    }
}
