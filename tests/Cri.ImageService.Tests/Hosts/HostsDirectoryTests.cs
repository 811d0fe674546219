using Cri.ImageService.Hosts;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Hosts;

public sealed class HostsDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("docker.io", "https://registry-1.docker.io/v2/", false)]
    [InlineData("quay.io", "https://quay.io/v2/", false)]
    [InlineData("example.com:5000", "https://example.com:5000/v2/", false)]
    [InlineData("localhost:5000", "http://localhost:5000/v2/", false)]
    [InlineData("127.0.0.2:5000", "http://127.0.0.2:5000/v2/", false)]
    [InlineData("[::1]:5000", "http://[::1]:5000/v2/", false)]
    [InlineData("localhost", "https://localhost/v2/", true)]
    public void Resolve_NoFile_IsTheRegistryItself(string registry, string api, bool skipVerify)
    {
        var host = Assert.Single(new HostsDirectory(null).Resolve(registry));

        Assert.Equal(new Uri(api), host.Api);
        Assert.Equal(skipVerify, host.Connection.SkipVerify);
        Assert.Equal(HostCapabilities.All, host.Capabilities);
    }

    [Fact]
    public void Resolve_File_IsReadInOrderWithTheServerLast()
    {
        Write("docker.io", """
            # mirrors
            server = "https://registry-1.docker.io"

            [host."http://mirror.example:5000"]
              capabilities = ["pull", "resolve"]
              skip_verify = true
              [host."http://mirror.example:5000".header]
                X-Team = ["a", 'b']

            [host."https://other.example/some/prefix"]
              capabilities = ["pull"]
              override_path = true
              ca = ["ca.pem", "/etc/other.pem"]
              client = [["cert.pem", "key.pem"]]
              dial_timeout = "1m30s"
            """);

        var hosts = new HostsDirectory(_directory.Path).Resolve("docker.io");

        Assert.Equal(
            ["http://mirror.example:5000/v2/", "https://other.example/some/prefix/", "https://registry-1.docker.io/v2/"],
            hosts.Select(host => host.Api.ToString()));
        Assert.True(hosts[0].Connection.SkipVerify);
        Assert.Equal([new("X-Team", "a"), new("X-Team", "b")], hosts[0].Headers);
        Assert.Equal(HostCapabilities.Pull, hosts[1].Capabilities);
        Assert.Equal($"{_directory.Join("docker.io", "ca.pem")}\n/etc/other.pem", hosts[1].Connection.CaFiles);
        Assert.Equal($"{_directory.Join("docker.io", "cert.pem")}\t{_directory.Join("docker.io", "key.pem")}", hosts[1].Connection.ClientCertificates);
        Assert.Equal(TimeSpan.FromSeconds(90), hosts[1].Connection.DialTimeout);
    }

    [Theory]
    [InlineData("example.com_5000_")]
    [InlineData("example.com:5000")]
    [InlineData("_default")]
    public void Resolve_DirectoryNames_AreAllFound(string name)
    {
        Write(name, "[host.\"http://mirror\"]");

        var hosts = new HostsDirectory(_directory.Path).Resolve("example.com:5000");

        Assert.Equal(["http://mirror/v2/", "https://example.com:5000/v2/"], hosts.Select(host => host.Api.ToString()));
    }

    [Theory]
    [InlineData("server = 5", 1, "a string")]
    [InlineData("\n\nsurprise = true", 3, "unknown key \"surprise\"")]
    [InlineData("[host.\"http://a\"]\ncapabilities = [\"fly\"]", 2, "unknown capability \"fly\"")]
    [InlineData("[host.\"http://a\"]\nskip_verify = \"yes\"", 2, "true or false")]
    [InlineData("[host.\"http://a\"]\n[host.\"http://a\"]", 2, "already on line 1")]
    [InlineData("server = \"https://a\"\nserver = \"https://b\"", 2, "already on line 1")]
    [InlineData("server = \"https://a", 1, "does not end")]
    [InlineData("server = https://a", 1, "needs quotes")]
    [InlineData("[host.\"ftp://a\"]", 1, "not the URL")]
    [InlineData("[[host]]", 1, "arrays of tables")]
    [InlineData("server \"x\"", 1, "expected '='")]
    [InlineData("dial_timeout = \"soon\"", 1, "not a duration")]
    [InlineData("fallback = \"no\"", 1, "true or false")]
    [InlineData("\nfallback = false", 2, "there has to be a [host")]
    [InlineData("[host.\"http://a\"]\nfallback = false", 2, "unknown key \"fallback\"")]
    [InlineData("[host.\"http://a\"]\n[host.\"http://a\".host.\"http://b\"]", 2, "unknown key \"host\"")]
    [InlineData("[host.\"http://a\"]\nclient = [[\"a\", \"b\", \"c\"]]", 2, "pairs of a certificate")]
    [InlineData("capabilities = [[[[[[[[[[[[[[[[[[[[[[\"pull\"", 1, "inside each other")]
    [InlineData("ca = \"a\\u0000b\"", 1, "a NUL")]
    public void Resolve_BadFile_NamesFileLineAndReason(string text, int line, string reason)
    {
        Write("example.com", text);

        var error = Assert.Throws<ImageException>(() => new HostsDirectory(_directory.Path).Resolve("example.com"));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.StartsWith($"{_directory.Join("example.com", "hosts.toml")}:{line}: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void Resolve_ManyHosts_KeepTheOrderOfTheFile()
    {
        string[] names = ["z", "a", "m", "b", "y"];
        Write("example.com", string.Concat(names.Select(name => $"[host.\"http://{name}\".header]\nx = \"1\"\n")) + "[host.\"http://first-named\"]");

        var hosts = new HostsDirectory(_directory.Path).Resolve("example.com");

        Assert.Equal([.. names, "first-named", "example.com"], hosts.Select(host => host.Api.Host));
    }

    [Fact]
    public void Resolve_NoFallback_LeavesTheServerOut()
    {
        Write("example.com", "server = \"https://example.com\"\nfallback = false\n[host.\"http://a\"]\n[host.\"http://b\"]");

        Assert.Equal(["a", "b"], new HostsDirectory(_directory.Path).Resolve("example.com").Select(host => host.Api.Host));
    }

    [Fact]
    public void Resolve_ServerIsDockerHubsName_IsWhereItAnswers()
    {
        Write("docker.io", "server = \"https://docker.io\"");

        Assert.Equal("https://registry-1.docker.io/v2/", new HostsDirectory(_directory.Path).Resolve("docker.io").Single().Api.ToString());
    }

    [Fact]
    public async Task PullAsync_NoFallbackAndMirrorFails_RegistryIsNotAsked()
    {
        var image = TestImage.Small("no fallback");
        using var mirror = new ScriptedRegistry();
        using var registry = new ScriptedRegistry().Add(image, "fallback", "v1");
        Write(registry.Host, $"fallback = false\n[host.\"http://{mirror.Host}\"]");
        using var node = new ImageNode(options => options with { HostsDir = _directory.Path });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/fallback:v1"));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Empty(registry.Requests);
    }

    [Fact]
    public async Task PullAsync_FileChanges_CountsFromTheNextPull()
    {
        var (first, second) = (TestImage.Small("first"), TestImage.Small("second"));
        using var one = new ScriptedRegistry().Add(first, "changing", "v1");
        using var other = new ScriptedRegistry().Add(second, "changing", "v1");
        using var node = new ImageNode(options => options with { HostsDir = _directory.Path });
        Write("registry.test", $"server = \"http://{one.Host}\"");
        Assert.Equal(first.Id, (await node.PullAsync("registry.test/changing:v1")).Id);

        Write("registry.test", $"server = \"http://{other.Host}\"\n[header]\nX-Team = [\"a\", \"b\"]");

        Assert.Equal(second.Id, (await node.PullAsync("registry.test/changing:v1")).Id);
        Assert.All(other.Requests, request => Assert.Equal("a, b", request.Header("x-team")));
    }

    [Fact]
    public async Task PullAsync_MirrorRedirectsElsewhere_ItsHeadersStay()
    {
        var image = TestImage.Small("redirected");
        using var storage = new ScriptedRegistry();
        storage.AddContent("/layer", image.Blobs[image.LayerDigests[0]]);
        using var mirror = new ScriptedRegistry(request => request.Path.Contains(image.LayerDigests[0].Hex)
            ? new ScriptedAnswer(307, [], Headers: $"Location: http://{storage.Host}/layer\r\n")
            : null).Add(image, "redirected", "v1");
        Write("registry.test", $"[host.\"http://{mirror.Host}\"]\n[host.\"http://{mirror.Host}\".header]\nAuthorization = \"Basic hunter2\"");
        using var node = new ImageNode(options => options with { HostsDir = _directory.Path });

        await node.PullAsync("registry.test/redirected:v1");

        Assert.All(mirror.Requests, request => Assert.Equal("Basic hunter2", request.Header("authorization")));
        Assert.Null(storage.Requests.Single().Header("authorization"));
    }

    [Fact]
    public async Task PullAsync_Mirror_IsTriedFirstAndToldItsNamespace()
    {
        var image = TestImage.Small("mirrored");
        using var mirror = new ScriptedRegistry().Add(image, "library/nginx", "latest");
        Write("docker.io", $"[host.\"http://{mirror.Host}\"]");
        using var node = new ImageNode(options => options with { HostsDir = _directory.Path });

        var record = await node.PullAsync("nginx");

        Assert.Equal(["docker.io/library/nginx:latest"], record.RepoTags);
        Assert.All(mirror.Requests, request => Assert.EndsWith("?ns=docker.io", request.Path));
    }

    [Fact]
    public async Task PullAsync_MirrorFails_RegistryServes()
    {
        var image = TestImage.Small("fallback");
        using var mirror = new ScriptedRegistry(_ => new ScriptedAnswer(500, []));
        using var registry = new ScriptedRegistry().Add(image, "fallback", "v1");
        Write(registry.Host, $"[host.\"http://{mirror.Host}\"]");
        using var node = new ImageNode(options => options with { HostsDir = _directory.Path });

        Assert.Equal(image.Id, (await node.PullAsync($"{registry.Host}/fallback:v1")).Id);
    }

    [Fact]
    public async Task PullAsync_MirrorWithoutResolve_IsNotAskedForTags()
    {
        var image = TestImage.Small("capable");
        using var mirror = new ScriptedRegistry().Add(image, "capable", "v1");
        using var registry = new ScriptedRegistry().Add(image, "capable", "v1");
        Write(registry.Host, $"[host.\"http://{mirror.Host}\"]\ncapabilities = [\"pull\"]");
        using var node = new ImageNode(options => options with { HostsDir = _directory.Path });

        await node.PullAsync($"{registry.Host}/capable:v1");

        Assert.Equal(0, mirror.Count("manifests/v1"));
        Assert.Equal(1, mirror.Count(image.LayerDigests[0].Hex));
        Assert.Single(registry.Requests);
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(_directory.Join(name));
        File.WriteAllText(_directory.Join(name, "hosts.toml"), text);
    }
}
