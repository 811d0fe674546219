using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Pulls through a proxy from the environment, of registries whose names only the proxy knows.</summary>
public sealed class ProxyTests
{
    private const string Credentials = "agent:hunter2";
    private readonly TestImage _image = TestImage.Small("behind a proxy");

    [Theory]
    [InlineData("http", false)]
    [InlineData("https", true)]
    public async Task PullAsync_ProxyWithCredentials_ServesTheRegistryBehindIt(string scheme, bool tls)
    {
        using var registry = new DistributionRegistry(tls: tls, certificate: ServerCertificate.SelfSigned("registry.test"));
        registry.Push(_image, "proxied:v1");
        using var proxy = new ForwardProxy(registry.Port, Credentials);
        using var hosts = Hosts($"server = \"{scheme}://registry.test\"\n{(tls ? $"ca = \"{registry.CertificatePath}\"" : "")}");
        using var node = Node(hosts, $"{scheme}_proxy", $"http://{Credentials}@{proxy.Host}");

        var record = await node.PullAsync("registry.test/proxied:v1");

        Assert.Equal(_image.Id, record.Id);
        Assert.All(proxy.Admitted, line => Assert.Contains("registry.test", line));
        Assert.NotEmpty(proxy.Admitted);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task PullAsync_ProxyRefusesCredentials_FailsWithoutThem(string scheme)
    {
        using var registry = new DistributionRegistry();
        using var proxy = new ForwardProxy(registry.Port, "agent:other");
        using var hosts = Hosts($"server = \"{scheme}://registry.test\"");
        using var node = Node(hosts, $"{scheme.ToUpperInvariant()}_PROXY", $"http://{Credentials}@{proxy.Host}");

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync("registry.test/proxied:v1"));

        Assert.Contains("407", error.Message);
        Assert.DoesNotContain("hunter2", error.ToString());
        Assert.DoesNotContain(Convert.ToBase64String("agent:hunter2"u8), error.ToString());
    }

    [Fact]
    public async Task PullAsync_NoProxyCoversRegistry_IsAskedDirectly()
    {
        using var registry = new DistributionRegistry();
        registry.Push(_image, "direct:v1");
        using var node = new ImageNode(options => options with { Environment = name => name == "HTTP_PROXY" ? "http://127.0.0.1:1" : null });

        Assert.Equal(_image.Id, (await node.PullAsync($"{registry.Host}/direct:v1")).Id);
    }

    private static TemporaryDirectory Hosts(string text)
    {
        var hosts = new TemporaryDirectory();
        Directory.CreateDirectory(hosts.Join("registry.test"));
        File.WriteAllText(hosts.Join("registry.test", "hosts.toml"), text);
        return hosts;
    }

    private static ImageNode Node(TemporaryDirectory hosts, string variable, string proxy) =>
        new(options => options with { HostsDir = hosts.Path, MaxAttempts = 2, Environment = name => name == variable ? proxy : null });
}
