using System.Security.Cryptography.X509Certificates;
using Cri.ImageService.Hosts;
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

    [Fact]
    public async Task PullAsync_Tls_DocumentsComeOverHttp2AndLayersOverTheirOwnConnections()
    {
        using var hosts = WriteHosts("skip_verify = true");
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        await node.PullAsync($"{_registry.Server.Host}/secure:v1");

        var lines = File.ReadAllLines(_registry.Server.LogPath).Where(line => line.Contains("crisp")).ToList();
        Assert.Contains(lines, line => line.Contains("/manifests/v1 HTTP/2.0\""));
        Assert.DoesNotContain(lines, line => line.Contains(_registry.Image.LayerDigests[0].Hex) && line.Contains("HTTP/2.0"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("client = \"client.pem\"")]
    [InlineData("client = [\"client.pem\"]")]
    [InlineData("client = [[\"client.cert\", \"client.key\"]]")]
    [InlineData("client = [[\"client.pem\", \"\"]]")]
    public async Task PullAsync_RegistryAsksForCertificate_GetsTheOneOfTheHostsFile(string setting)
    {
        using var authority = new CertificateAuthority("clients");
        using var files = new TemporaryDirectory();
        File.WriteAllText(files.Join("authority.pem"), authority.Pem);
        using var server = new DistributionRegistry(tls: true, clientAuthority: files.Join("authority.pem"));
        var client = authority.Certify("node");
        using var hosts = WriteHosts($"skip_verify = true\n{setting}", server);
        File.WriteAllText(hosts.Join(server.Host, "client.cert"), client.Certificate);
        File.WriteAllText(hosts.Join(server.Host, "client.key"), client.Key);
        File.WriteAllText(hosts.Join(server.Host, "client.pem"), $"{client.Certificate}\n{client.Key}");
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path, MaxAttempts = 1 });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{server.Host}/nothing:v1"));

        Assert.Equal(setting.Length > 0 ? StatusCode.NotFound : StatusCode.Unavailable, error.StatusCode);
    }

    [Theory]
    [InlineData("root", true)]
    [InlineData("middle", true)]
    [InlineData("forged", false)]
    public async Task PullAsync_ChainOfAuthorities_IsTrustedByAnyOfThemButNotByTheName(string trusted, bool succeeds)
    {
        using var root = new CertificateAuthority("root");
        using var middle = new CertificateAuthority("middle", root);
        using var forged = new CertificateAuthority("middle", root);
        using var server = new DistributionRegistry(tls: true, certificate: middle.Certify("registry", withIssuer: true));
        server.Push(_registry.Image, "chained:v1");
        using var hosts = WriteHosts("ca = \"trusted.pem\"", server);
        File.WriteAllText(hosts.Join(server.Host, "trusted.pem"), (trusted switch { "root" => root, "middle" => middle, _ => forged }).Pem);
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path, MaxAttempts = 1 });

        var error = await Record.ExceptionAsync(() => node.PullAsync($"{server.Host}/chained:v1"));

        Assert.Equal(succeeds, error is null);
        Assert.True(succeeds || error is ImageException { StatusCode: StatusCode.Unavailable }, error?.ToString());
    }

    [Fact]
    public async Task PullAsync_AuthorityFileIsReplaced_CountsFromTheNextPull()
    {
        using var hosts = WriteHosts("ca = \"trusted.pem\"");
        File.WriteAllText(hosts.Join(_registry.Server.Host, "trusted.pem"), ServerCertificate.SelfSigned().Certificate);
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path, MaxAttempts = 1 });
        await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{_registry.Server.Host}/secure:v1"));

        File.WriteAllText(hosts.Join(_registry.Server.Host, "trusted.pem"), "# replaced\n" + File.ReadAllText(_registry.Server.CertificatePath));

        await node.PullAsync($"{_registry.Server.Host}/secure:v1");
    }

    [Fact]
    public async Task PullAsync_AuthorityFileWithoutCertificate_NamesIt()
    {
        using var hosts = WriteHosts("ca = \"empty.pem\"");
        File.WriteAllText(hosts.Join(_registry.Server.Host, "empty.pem"), "nothing");
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{_registry.Server.Host}/secure:v1"));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("empty.pem", error.Message);
    }

    [Fact]
    public async Task PullAsync_DirectoryWithoutHostsFile_TakesDockersCertificateFiles()
    {
        using var server = new DistributionRegistry(tls: true);
        server.Push(_registry.Image, "docker:v1");
        using var hosts = WriteHosts("", server);
        File.Delete(hosts.Join(server.Host, "hosts.toml"));
        File.Copy(server.CertificatePath, hosts.Join(server.Host, "authority.crt"));

        var host = Assert.Single(new HostsDirectory(hosts.Path).Resolve(server.Host));

        Assert.Equal(hosts.Join(server.Host, "authority.crt"), host.Connection.CaFiles);
        File.WriteAllText(hosts.Join(server.Host, "client.cert"), "");
        File.WriteAllText(hosts.Join(server.Host, "client.key"), "");
        Assert.Equal(
            $"{hosts.Join(server.Host, "client.cert")}\t{hosts.Join(server.Host, "client.key")}",
            new HostsDirectory(hosts.Path).Resolve(server.Host)[0].Connection.ClientCertificates);
    }

    [Fact]
    public async Task PullAsync_RedirectFromTlsToPlainHttp_IsRefused()
    {
        var image = TestImage.Small("downgraded");
        using var storage = new ScriptedRegistry();
        storage.AddContent("/layer", image.Blobs[image.LayerDigests[0]]);
        var own = ServerCertificate.SelfSigned();
        using var certificate = X509Certificate2.CreateFromPem(own.Certificate, own.Key);
        using var registry = new ScriptedRegistry(
            request => request.Path.Contains(image.LayerDigests[0].Hex)
                ? new ScriptedAnswer(307, [], Headers: $"Location: http://{storage.Host}/layer?signature=hunter2\r\n")
                : null,
            certificate).Add(image, "downgraded", "v1");
        using var hosts = new TemporaryDirectory();
        Directory.CreateDirectory(hosts.Join("_default"));
        File.WriteAllText(hosts.Join("_default", "hosts.toml"), $"server = \"https://{registry.Host}\"\nskip_verify = true");
        using var node = new ImageNode(options => options with { HostsDir = hosts.Path });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/downgraded:v1"));

        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains($"redirects from TLS to plain HTTP at {storage.Host}", error.Message);
        Assert.DoesNotContain("hunter2", error.ToString());
        Assert.Empty(storage.Requests);
    }

    private TemporaryDirectory WriteHosts(string setting, DistributionRegistry? server = null)
    {
        server ??= _registry.Server;
        var hosts = new TemporaryDirectory();
        Directory.CreateDirectory(hosts.Join(server.Host));
        File.WriteAllText(hosts.Join(server.Host, "hosts.toml"), $"server = \"https://{server.Host}\"\n{setting}\n");
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
