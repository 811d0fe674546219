using Cri.Api.V1;
using Cri.Cli.Run;
using Xunit;

namespace Cri.Cli.Tests.Run;

public sealed class VolumeMountTests
{
    [Theory]
    [InlineData("/data:/srv", "/data", "/srv", false)]
    [InlineData("/data:/srv:ro", "/data", "/srv", true)]
    [InlineData("/data:/srv:rw", "/data", "/srv", false)]
    [InlineData("/data/../x:/srv", "/x", "/srv", false)]
    public void Parse_WellFormed_GivesMount(string text, string host, string container, bool isReadOnly)
    {
        Assert.Equal(new Mount { HostPath = host, ContainerPath = container, Readonly = isReadOnly }, VolumeMount.Parse(text));
    }

    [Fact]
    public void Parse_RelativeHostPath_IsOfTheCurrentDirectory() =>
        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "sub"), VolumeMount.Parse("./sub:/srv").HostPath);

    [Theory]
    [InlineData("")]
    [InlineData("/data")]
    [InlineData(":/srv")]
    [InlineData("/data:srv")]
    [InlineData("/data:/srv:rx")]
    [InlineData("/a:/b:ro:z")]
    public void Parse_Malformed_FailsAsUsage(string text) => Assert.Equal(2, Assert.Throws<CommandFailure>(() => VolumeMount.Parse(text)).ExitCode);
}
