using Xunit;

namespace Cri.Linux.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("crisp-atomic-").FullName;

    public void Dispose() => FileTree.Remove(_directory);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_ExistingFile_IsReplacedWhole(bool durable)
    {
        var path = Path.Join(_directory, "file");
        File.WriteAllText(path, "a much longer old content");

        Write(durable, path, "new");

        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal(["file"], Directory.EnumerateFileSystemEntries(_directory).Select(Path.GetFileName));
    }

    [Fact]
    public void Write_TargetIsADirectory_LeavesNoTemporaryFile()
    {
        var path = Path.Join(_directory, "taken");
        Directory.CreateDirectory(path);

        Assert.Throws<LinuxException>(() => AtomicFile.Write(path, "x"u8));

        Assert.Equal(["taken"], Directory.EnumerateFileSystemEntries(_directory).Select(Path.GetFileName));
    }

    [Fact]
    public void Write_NoDirectory_NamesThePath()
    {
        var error = Assert.Throws<LinuxException>(() => AtomicFile.Write(Path.Join(_directory, "no", "file"), "x"u8));

        Assert.Equal(Errno.ENOENT, error.Error);
        Assert.Contains(_directory, error.Message);
    }

    [Fact]
    public void Delete_Twice_SaysWhetherThereWasOne()
    {
        var path = Path.Join(_directory, "file");
        File.WriteAllText(path, "");

        Assert.True(AtomicFile.Delete(path));
        Assert.False(AtomicFile.Delete(path));
    }

    private static void Write(bool durable, string path, string text)
    {
        var content = System.Text.Encoding.UTF8.GetBytes(text);
        if (durable)
        {
            AtomicFile.Write(path, content);
        }
        else
        {
            AtomicFile.WriteVolatile(path, content);
        }
    }
}
