using System.Net;
using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public sealed class AttachmentResultTests : IDisposable
{
    private readonly CniSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task AddAsync_Result10_IsReadWhole()
    {
        var attachment = await AddAsync("""
            {"cniVersion":"1.0.0",
             "interfaces":[{"name":"cni0","mac":"aa:00:00:00:00:01"},{"name":"veth1"},{"name":"eth0","mac":"aa:00:00:00:00:02","sandbox":"/ns"}],
             "ips":[{"address":"192.0.2.1/24","interface":0},
                    {"address":"fd00::2/64","gateway":"fd00::1","interface":2},
                    {"address":"10.1.0.5/16","gateway":"10.1.0.1","interface":2}],
             "routes":[{"dst":"0.0.0.0/0"},{"dst":"10.2.0.0/16","gw":"10.1.0.9"}],
             "dns":{"nameservers":["10.1.0.1"],"domain":"local","search":["a.local"],"options":["ndots:2"]}}
            """);

        Assert.Equal(["10.1.0.5", "fd00::2"], attachment.Ips.Select(ip => ip.Address.ToString()));
        Assert.Equal((16, IPAddress.Parse("10.1.0.1")), (attachment.Ips[0].PrefixLength, attachment.Ips[0].Gateway));
        Assert.Equal("aa:00:00:00:00:02", attachment.Mac);
        Assert.Equal(3, attachment.Interfaces.Count);
        Assert.Equal([new CniRoute("0.0.0.0/0", null), new CniRoute("10.2.0.0/16", IPAddress.Parse("10.1.0.9"))], attachment.Routes);
        Assert.Equal(("10.1.0.1", "local", "a.local", "ndots:2"), (
            attachment.Dns.Nameservers[0], attachment.Dns.Domain, attachment.Dns.Search[0], attachment.Dns.Options[0]));
    }

    [Fact]
    public async Task AddAsync_Result03WithVersions_IsRead()
    {
        var attachment = await AddAsync("""{"cniVersion":"0.3.1","ips":[{"version":"6","address":"fd00::2/64"},{"version":"4","address":"10.1.0.5/16"}]}""", "0.3.1");

        Assert.Equal(["10.1.0.5", "fd00::2"], attachment.Ips.Select(ip => ip.Address.ToString()));
    }

    [Fact]
    public async Task AddAsync_Result02WithIp4AndIp6_IsRead()
    {
        var attachment = await AddAsync(
            """{"cniVersion":"0.2.0","ip4":{"ip":"10.1.0.5/16","gateway":"10.1.0.1","routes":[{"dst":"0.0.0.0/0","gw":"10.1.0.1"}]},"ip6":{"ip":"fd00::2/64"},"dns":{}}""",
            "0.2.0");

        Assert.Equal(["10.1.0.5", "fd00::2"], attachment.Ips.Select(ip => ip.Address.ToString()));
        Assert.Equal("0.0.0.0/0", Assert.Single(attachment.Routes).Destination);
    }

    [Fact]
    public async Task AddAsync_NullFields_AreAbsentFields()
    {
        var attachment = await AddAsync("""{"interfaces":null,"ips":[{"address":"10.1.0.5/16","gateway":null,"interface":null}],"routes":null,"dns":null}""");

        Assert.Null(Assert.Single(attachment.Ips).Gateway);
    }

    private async Task<CniAttachment> AddAsync(string result, string version = "1.0.0")
    {
        _site.Plugin("one", add: $"cat <<'END'\n{result}\nEND\n");
        _site.Network(["one"], version: version);
        using var network = _site.Open();
        return await network.AddAsync(CniSite.Pod(), CancellationToken.None);
    }
}
