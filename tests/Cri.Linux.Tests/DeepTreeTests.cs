using Cri.Linux;
using Xunit;

namespace Cri.Linux.Tests;

/// <summary>Directories inside each other, deeper than any path or stack: every container can make them.</summary>
public sealed class DeepTreeTests : IDisposable
{
    private const int Depth = 3_000;

    private readonly string _path = Directory.CreateTempSubdirectory("crisp-deep-").FullName;

    public DeepTreeTests()
    {
        var tree = FileTree.Open(_path);
        var directory = tree.Root;
        for (var i = 0; i < Depth; i++)
        {
            FileTree.MakeDirectory(directory, "d"u8, 0x1C0);
            using var parent = directory;
            directory = FileTree.OpenDirectory(parent, "d"u8);
        }

        using (directory)
        using (FileTree.CreateFile(directory, "file"u8, 0x180))
        {
        }
    }

    public void Dispose() => new TreeRemoval(_path).Run(CancellationToken.None);

    [Fact]
    public void Run_DeepTree_RemovesIt()
    {
        var removal = new TreeRemoval(_path);

        removal.Run(CancellationToken.None);

        Assert.False(Directory.Exists(_path));
        Assert.Equal(Depth + 2, removal.Removed);
    }

    // Of what is deeper than there are descriptors nothing is known.
    [Fact]
    public void OfTree_DeepTree_IsMeasured() => Assert.InRange(FileSystemUsage.OfTree(_path)!.Inodes, 100, Depth + 2);
}
