using Xunit;

namespace Cri.Linux.Tests;

public sealed class TreeRemovalTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("crisp-removal").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void Run_TreeDeeperThanAnyStack_IsMeasuredAndRemoved()
    {
        const int Depth = 4_000;
        var top = Path.Join(_path, "top");
        Directory.CreateDirectory(top);
        var current = FileTree.OpenDirectory(Root(), Bytes(top[1..]));
        for (var i = 0; i < Depth; i++)
        {
            FileTree.MakeDirectory(current, "d"u8, 0x1ED);
            var next = FileTree.OpenDirectory(current, "d"u8);
            current.Dispose();
            current = next;
        }

        current.Dispose();
        Assert.True(FileSystemUsage.OfTree(top)!.Inodes > 100);

        var removal = new TreeRemoval(top);
        removal.Run(CancellationToken.None);

        Assert.False(Directory.Exists(top));
        Assert.Equal(Depth + 1, removal.Removed);
    }

    [Fact]
    public void Run_FilesOfEveryKind_AreGoneAndLinksAreNotFollowed()
    {
        var outside = Path.Join(_path, "outside");
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Join(outside, "kept"), "1");
        var top = Path.Join(_path, "top");
        Directory.CreateDirectory(Path.Join(top, "a", "b"));
        File.CreateSymbolicLink(Path.Join(top, "link"), outside);
        for (var i = 0; i < 2000; i++)
        {
            File.WriteAllText(Path.Join(top, "a", $"a file with a long name {i}"), "");
        }

        new TreeRemoval(top).Run(CancellationToken.None);
        new TreeRemoval(top).Run(CancellationToken.None);

        Assert.False(Directory.Exists(top));
        Assert.True(File.Exists(Path.Join(outside, "kept")));
    }

    [Fact]
    public void Run_Cancelled_LeavesTheRest()
    {
        var top = Path.Join(_path, "top");
        Directory.CreateDirectory(Path.Join(top, "a"));

        Assert.Throws<OperationCanceledException>(() => new TreeRemoval(top).Run(new CancellationToken(canceled: true)));

        Assert.True(Directory.Exists(Path.Join(top, "a")));
    }

    [Fact]
    public void Run_MountInside_IsNotEntered()
    {
        var outside = Path.Join(_path, "outside");
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Join(outside, "kept"), "1");
        var inside = Path.Join(_path, "top", "inside");
        Directory.CreateDirectory(inside);
        Mount.Bind(outside, inside);
        try
        {
            var error = Assert.Throws<LinuxException>(() => new TreeRemoval(Path.Join(_path, "top")).Run(CancellationToken.None));

            Assert.Equal(Errno.EXDEV, error.Error);
            Assert.True(File.Exists(Path.Join(outside, "kept")));
        }
        finally
        {
            Mount.UnmountAll(inside);
        }
    }

    private static Fd Root()
    {
        using var tree = FileTree.Open("/");
        return FileTree.OpenDirectory(tree.Root, "."u8);
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
