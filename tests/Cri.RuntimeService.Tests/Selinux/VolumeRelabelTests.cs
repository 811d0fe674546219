using System.Text;
using Cri.RuntimeService.Selinux;
using Cri.Testing;
using Grpc.Core;
using Xunit;

namespace Cri.RuntimeService.Tests.Selinux;

public class VolumeRelabelTests
{
    [Fact]
    public void Apply_Directory_LabelsAllThatIsInItAndFollowsNoLink()
    {
        using var directory = new TemporaryDirectory("relabel");
        directory.File("sub/file", "");
        File.CreateSymbolicLink(directory.Path + "/link", "/etc/hostname");
        var labelled = new List<string>();

        VolumeRelabel.Apply(directory.Path, "u:r:t:s0", (path, name, value) => labelled.Add($"{path[directory.Path.Length..]} {name} {Encoding.UTF8.GetString(value)}"));

        string[] expected = ["", "/link", "/sub", "/sub/file"];
        Assert.Equal(expected.Select(path => $"{path} security.selinux u:r:t:s0\0"), labelled.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/usr/")]
    [InlineData("/etc/../var/lib")]
    public void Apply_DirectoryOfTheHost_IsRefused(string path)
    {
        var error = Assert.Throws<RpcException>(() => VolumeRelabel.Apply(path, "u:r:t:s0", (_, _, _) => Assert.Fail("set")));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }
}
