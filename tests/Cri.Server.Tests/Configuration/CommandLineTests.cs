using Cri.Server.Configuration;
using Xunit;

namespace Cri.Server.Tests.Configuration;

public class CommandLineTests
{
    [Fact]
    public void Parse_Nothing_IsAllAbsent() => Assert.Equal(new CommandLine(), CommandLine.Parse([]));

    [Fact]
    public void Parse_BothForms_AreRead() => Assert.Equal(
        new CommandLine { Root = "/a=b", State = "/s", Version = true, FaultPoints = true },
        CommandLine.Parse(["--root=/a=b", "--state", "/s", "--version", "--fault-points"]));

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    public void Parse_Help_IsSeen(string option) => Assert.True(CommandLine.Parse([option]).Help);

    [Theory]
    [InlineData("--rot: no such option", "--rot", "/a")]
    [InlineData("config.yaml: no such option", "config.yaml")]
    [InlineData("--root needs a value", "--root")]
    [InlineData("--root needs a value", "--root=")]
    [InlineData("--root is given twice", "--root=/a", "--root", "/b")]
    [InlineData("--help takes no value", "--help=yes")]
    public void Parse_Wrong_SaysHow(string expected, params string[] arguments)
    {
        var error = Assert.Throws<ConfigurationException>(() => CommandLine.Parse(arguments));

        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
    }
}
