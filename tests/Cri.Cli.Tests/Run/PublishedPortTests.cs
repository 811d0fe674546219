using Cri.Api.V1;
using Cri.Cli.Run;
using Xunit;

namespace Cri.Cli.Tests.Run;

public sealed class PublishedPortTests
{
    [Theory]
    [InlineData("8080:80", "", 8080, 80, Protocol.Tcp)]
    [InlineData("53:5353/udp", "", 53, 5353, Protocol.Udp)]
    [InlineData("1:2/SCTP", "", 1, 2, Protocol.Sctp)]
    [InlineData("127.0.0.1:8080:80", "127.0.0.1", 8080, 80, Protocol.Tcp)]
    [InlineData("[::1]:8080:80", "::1", 8080, 80, Protocol.Tcp)]
    public void Parse_WellFormed_GivesMapping(string text, string address, int host, int container, Protocol protocol)
    {
        var expected = new PortMapping { HostIp = address, HostPort = host, ContainerPort = container, Protocol = protocol };
        Assert.Equal(expected, PublishedPort.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData(":80")]
    [InlineData("80:")]
    [InlineData("0:80")]
    [InlineData("80:70000")]
    [InlineData("80:80/icmp")]
    [InlineData("nowhere:80:80")]
    [InlineData("a:b")]
    public void Parse_Malformed_FailsAsUsageNamingIt(string text)
    {
        var e = Assert.Throws<CommandFailure>(() => PublishedPort.Parse(text));
        Assert.StartsWith($"-p {text}: expected", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, e.ExitCode);
    }
}
