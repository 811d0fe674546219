using Xunit;

namespace Cri.Linux.Tests;

public sealed class SmallFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("crisp-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Delete_File_IsGone()
    {
        var file = Path.Combine(_directory.FullName, "file");
        SmallFile.Write(file, "text"u8);

        SmallFile.Delete(file);

        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("directory/file")]
    public void Delete_GoneAloneOrWithItsDirectory_DoesNothing(string name) => SmallFile.Delete(Path.Combine(_directory.FullName, name));

    [Fact]
    public void Delete_Directory_FailsWithCallAndPath()
    {
        var error = Assert.Throws<LinuxException>(() => SmallFile.Delete(_directory.FullName));

        Assert.Contains("unlink", error.Message, StringComparison.Ordinal);
        Assert.Contains(_directory.FullName, error.Message, StringComparison.Ordinal);
    }
}
