using Cri.RuntimeService.Cni;
using Xunit;

namespace Cri.RuntimeService.Tests.Cni;

public class TemplatedNetworkTests : IDisposable
{
    private const string Template = """
        {"cniVersion": "1.0.0", "name": "pods", "plugins": [{"type": "ptp", "ipam": {"type": "host-local", "subnet": "{{.PodCIDR}}"}}]}
        """;

    private readonly CniSite _site = new();

    private string Written => Path.Combine(_site.ConfDir, "10-crisp.conflist");

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Write_NoNetwork_MakesOne()
    {
        using var network = _site.Open();

        Templated(network, Template).Write(["10.244.1.0/24"]);

        Assert.Contains("10.244.1.0/24", File.ReadAllText(Written), StringComparison.Ordinal);
        await ReadyAsync(network);
    }

    [Fact]
    public async Task Write_NewCidr_ReplacesItsOwn()
    {
        using var network = _site.Open();
        var templated = Templated(network, Template);
        templated.Write(["10.244.1.0/24"]);
        await ReadyAsync(network);

        templated.Write(["10.244.2.0/24"]);

        Assert.Contains("10.244.2.0/24", File.ReadAllText(Written), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_AnotherNetworkStands_LeavesIt()
    {
        File.WriteAllText(Path.Combine(_site.ConfDir, "50-other.conf"), """{"cniVersion": "1.0.0", "name": "other", "type": "bridge"}""");
        using var network = _site.Open();

        Templated(network, Template).Write(["10.244.1.0/24"]);

        Assert.False(File.Exists(Written));
    }

    [Theory]
    [InlineData("{{.Unknown}}", "{{.Unknown}}")]
    [InlineData("""{"cniVersion": "1.0.0", "plugins": []}""", "it has no name")]
    public void Write_BadTemplate_NamesItAndWritesNothing(string text, string named)
    {
        using var network = _site.Open();

        var error = Assert.Throws<CniException>(() => Templated(network, text).Write(["10.244.1.0/24"]));

        Assert.Contains("template", error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Written));
    }

    [Fact]
    public void Write_NoSuchTemplate_IsNamed()
    {
        using var network = _site.Open();

        var error = Assert.Throws<CniException>(() => new TemplatedNetwork(network, _site.ConfDir, "/nonexistent/template").Write(["10.244.1.0/24"]));

        Assert.Contains("/nonexistent/template", error.Message, StringComparison.Ordinal);
    }

    private TemplatedNetwork Templated(CniNetwork network, string text)
    {
        var path = Path.Combine(_site.Root, "template");
        File.WriteAllText(path, text);
        return new TemplatedNetwork(network, _site.ConfDir, path);
    }

    // The directory is watched by a thread of its own.
    private static async Task ReadyAsync(CniNetwork network)
    {
        for (var i = 0; i < 3000 && !network.Status.Ready; i++)
        {
            await Task.Delay(20);
        }

        Assert.True(network.Status.Ready, network.Status.Message);
    }
}
