using Cri.RuntimeService.Selinux;
using Cri.Testing;
using Xunit;

namespace Cri.RuntimeService.Tests.Selinux;

public class SelinuxPolicyTests
{
    [Fact]
    public void ReadContexts_OfTheConfiguredPolicy_TakesItsLabels()
    {
        using var directory = new TemporaryDirectory("selinux");
        directory.File("config", "# comment\nSELINUX=enforcing\nSELINUXTYPE=mls # here\n");
        directory.File("mls/contexts/lxc_contexts", "process = \"a_u:a_r:a_t:s3\"\nfile = \"b_u:b_r:b_t:s3\"\ncontent = \"x\"\n");

        var (process, file) = SelinuxPolicy.ReadContexts(directory.Path);

        Assert.Equal(("a_u:a_r:a_t:s3", "b_u:b_r:b_t:s3"), (process.ToString(), file.ToString()));
    }

    [Fact]
    public void ReadContexts_WithoutFiles_TakesTheUsualLabels()
    {
        var (process, file) = SelinuxPolicy.ReadContexts("/nowhere");

        Assert.Equal(("container_t", "container_file_t"), (process.Type, file.Type));
    }

    [Theory]
    [InlineData("u:r:t:s0:c1,c2", "s0:c1,c2")]
    [InlineData("u:r:t", null)]
    [InlineData("u::t:s0", null)]
    public void Parse_Label_KeepsTheLevelWhole(string text, string? level) => Assert.Equal(level, SelinuxLabel.Parse(text)?.Level);
}
