using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Pulls from a real registry whose certificate nobody knows.</summary>
public sealed class TlsTests : IClassFixture<TlsTests.Registry>
{
    private readonly Registry _registry;

    public TlsTests(Registry registry) => _registry = registry;

    [Theory]
    [InlineData("skip_verify = true")]
    [InlineData("ca = \"CERTIFICATE\"")]
    public async Task PullAsync_HostsFileTrustsIt_Succeeds(string setting)
    {
        using var hosts = WriteHosts(setting.Replace("CERTIFICATE", _registry.Server.CertificatePath));
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        Assert.Equal(_registry.Image.Id, (await node.PullAsync($"{_registry.Server.Host}/secure:v1")).Id);
    }

    [Fact]
    public async Task PullAsync_NothingTrustsIt_IsUnavailable()
    {
        using var hosts = WriteHosts("");
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{_registry.Server.Host}/secure:v1"));

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains("certificate", error.Message);
    }

    [Fact]
    public async Task PullAsync_CertificateFileMissing_NamesIt()
    {
        using var hosts = WriteHosts("ca = \"missing.pem\"");
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{_registry.Server.Host}/secure:v1"));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("missing.pem", error.Message);
    }

    private TemporaryDirectory WriteHosts(string setting)
    {
        var hosts = new TemporaryDirectory();
        Directory.CreateDirectory(hosts.Join(_registry.Server.Host));
        File.WriteAllText(
            hosts.Join(_registry.Server.Host, "hosts.toml"), $"server = \"https://{_registry.Server.Host}\"\n{setting}\n");
        return hosts;
    }

    public sealed class Registry : IDisposable
    {
        public Registry() => Server.Push(Image, "secure:v1");

        public DistributionRegistry Server { get; } = new(tls: true);

        public TestImage Image { get; } = TestImage.Small("secure");

        public void Dispose() => Server.Dispose();
    }
}
