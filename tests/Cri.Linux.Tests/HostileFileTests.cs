using Xunit;

namespace Cri.Linux.Tests;

/// <summary>Files that somebody else has put there: <see cref="RegularFile"/> and <see cref="AppendFile.OpenReal"/>.</summary>
public sealed class HostileFileTests : IDisposable
{
    private const uint OwnerOnly = 0x180;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("crisp-hostile-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Read_RegularFile_IsItsBytes()
    {
        var path = Make("file", "content");

        Assert.Equal("content"u8.ToArray(), RegularFile.Read(path, 7));
        Assert.Equal("", Text(RegularFile.Read(Make("empty", ""), 7)));
    }

    [Fact]
    public void Read_OverALink_IsItsTarget() => Assert.Equal("content", Text(RegularFile.Read(Link("link", Make("file", "content")), 100)));

    [Fact]
    public void Read_LongerThanTheLimit_IsRefused() =>
        Assert.Equal(Errno.EFBIG, Assert.Throws<LinuxException>(() => RegularFile.Read(Make("file", "content"), 6)).Error);

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    [InlineData("/")]
    public void Read_NoRegularFile_IsRefused(string path) =>
        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => RegularFile.Read(path, 100)).Error);

    [Fact]
    public void Read_PipeWithoutAWriter_IsRefusedAtOnce()
    {
        var path = Path.Combine(_directory.FullName, "pipe");
        Fifo.Create(path, OwnerOnly);

        Assert.Equal(Errno.EINVAL, Assert.Throws<LinuxException>(() => RegularFile.Read(path, 100)).Error);
    }

    [Fact]
    public void OpenReal_MissingFile_IsMadeAndAppendedTo()
    {
        var path = Path.Combine(_directory.FullName, "log");
        for (var i = 0; i < 2; i++)
        {
            using var file = AppendFile.OpenReal(path, OwnerOnly);
            FdStream.Write(file, "x"u8);
        }

        Assert.Equal("xx", File.ReadAllText(path));
    }

    [Fact]
    public void OpenReal_LinkAnywhereInThePath_IsRefused()
    {
        var target = Make("target", "kept");
        var directory = Link("directory", _directory.FullName);

        Assert.Equal(Errno.ELOOP, Assert.Throws<LinuxException>(() => AppendFile.OpenReal(Link("log", target), OwnerOnly)).Error);
        Assert.Equal(Errno.ELOOP, Assert.Throws<LinuxException>(() => AppendFile.OpenReal(directory + "/new", OwnerOnly)).Error);
        Assert.Equal(Errno.ELOOP, Assert.Throws<LinuxException>(() => AppendFile.OpenReal(Link("dangling", target + "-new"), OwnerOnly)).Error);
        Assert.Equal("kept", File.ReadAllText(target));
        Assert.False(File.Exists(target + "-new"));
    }

    [Fact]
    public void OpenReal_PipeWithoutAReader_IsRefusedAtOnce()
    {
        var path = Path.Combine(_directory.FullName, "pipe");
        Fifo.Create(path, OwnerOnly);

        Assert.Equal(Errno.ENXIO, Assert.Throws<LinuxException>(() => AppendFile.OpenReal(path, OwnerOnly)).Error);
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    private string Make(string name, string content)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    private string Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_directory.FullName, name), target).FullName;
}
