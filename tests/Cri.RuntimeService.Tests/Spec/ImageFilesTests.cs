using Cri.Linux;
using Cri.RuntimeService.Spec;
using Xunit;

namespace Cri.RuntimeService.Tests.Spec;

public sealed class ImageFilesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("crisp-image-files-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void ReadText_FileInTwoLayers_TheUpperWins()
    {
        Write("1/etc/passwd", "lower");
        Write("2/etc/passwd", "upper");

        Assert.Equal("upper", Files("1", "2").ReadText("/etc/passwd"));
    }

    [Fact]
    public void ReadText_OnlyInTheLowerOfMergedDirectories_IsFound()
    {
        Write("1/etc/passwd", "lower");
        Write("2/etc/hosts", "x");

        Assert.Equal("lower", Files("1", "2").ReadText("/etc/passwd"));
    }

    [Fact]
    public void ReadText_Whiteout_HidesTheFile()
    {
        Write("1/etc/passwd", "lower");
        Directory.CreateDirectory(Path.Combine(_root, "2/etc"));
        using var made = System.Diagnostics.Process.Start("mknod", [Path.Combine(_root, "2/etc/passwd"), "c", "0", "0"]);
        made.WaitForExit();

        Assert.Null(Files("1", "2").ReadText("/etc/passwd"));
    }

    [Fact]
    public void ReadText_OpaqueDirectory_HidesWhatIsBelow()
    {
        Write("1/etc/passwd", "lower");
        Write("2/etc/group", "x");
        Xattrs.Set(Path.Combine(_root, "2/etc"), "trusted.overlay.opaque", "y"u8);

        Assert.Null(Files("1", "2").ReadText("/etc/passwd"));
        Assert.Equal("x", Files("1", "2").ReadText("/etc/group"));
    }

    [Fact]
    public void ReadText_LinkAcrossLayers_IsFollowedInsideTheImage()
    {
        Write("1/usr/etc/passwd", "found");
        Directory.CreateDirectory(Path.Combine(_root, "2/etc"));
        File.CreateSymbolicLink(Path.Combine(_root, "2/etc/passwd"), "/usr/etc/passwd");

        Assert.Equal("found", Files("1", "2").ReadText("/etc/passwd"));
    }

    [Fact]
    public void ReadText_LinkThatClimbsOut_StaysInTheImage()
    {
        var secret = Path.Combine(_root, "secret");
        File.WriteAllText(secret, "host");
        Directory.CreateDirectory(Path.Combine(_root, "1/etc"));
        File.CreateSymbolicLink(Path.Combine(_root, "1/etc/passwd"), "../../../../../../" + secret);

        Assert.Null(Files("1").ReadText("/etc/passwd"));
    }

    [Fact]
    public void ReadText_LinkLoop_IsAbsent()
    {
        Directory.CreateDirectory(Path.Combine(_root, "1/etc"));
        File.CreateSymbolicLink(Path.Combine(_root, "1/etc/passwd"), "passwd");

        Assert.Null(Files("1").ReadText("/etc/passwd"));
    }

    [Fact]
    public void ReadText_NoSuchFile_IsAbsent() => Assert.Null(Files().ReadText("/etc/passwd"));

    private ImageFiles Files(params string[] layers) => new([.. layers.Select(layer => Path.Combine(_root, layer))]);

    private void Write(string path, string text)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
