using Cri.Api.V1;
using Cri.ImageService.Auth;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Pull;

/// <summary>Pulls from a real registry that asks for a password.</summary>
public sealed class BasicAuthTests : IClassFixture<BasicAuthTests.Registry>
{
    private readonly Registry _registry;

    public BasicAuthTests(Registry registry) => _registry = registry;

    [Fact]
    public async Task PullAsync_UsernameAndPassword_Succeeds()
    {
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { Username = "user", Password = "secret" });

        var record = await node.Puller.PullAsync(_registry.Name, credentials, CancellationToken.None);

        Assert.Equal(_registry.Image.Id, record.Id);
    }

    [Fact]
    public async Task PullAsync_AuthInBase64_Succeeds()
    {
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { Auth = Convert.ToBase64String("user:secret"u8) });

        await node.Puller.PullAsync(_registry.Name, credentials, CancellationToken.None);
    }

    [Theory]
    [InlineData("user", "wrong-password", "")]
    [InlineData("user", "secret", "other.example.com")]
    public async Task PullAsync_WrongCredentials_IsUnauthenticatedWithoutThem(string user, string password, string server)
    {
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { Username = user, Password = password, ServerAddress = server });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.Puller.PullAsync(_registry.Name, credentials, CancellationToken.None));

        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.DoesNotContain(password, error.ToString());
        node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_Anonymous_IsUnauthenticated()
    {
        using var node = new ImageNode();

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync(_registry.Name));

        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.Contains(_registry.Name, error.Message);
    }

    public sealed class Registry : IDisposable
    {
        // "secret" by bcrypt.
        private const string Htpasswd = "user:$2a$04$GSG0LqnvARcwj2QW3t31XObYoxlPjapykRnci7XDIX//K4lELoqA6";

        private readonly DistributionRegistry _server = new(Htpasswd, "user:secret");

        public Registry()
        {
            _server.Push(Image, "private:v1");
            Name = $"{_server.Host}/private:v1";
        }

        public TestImage Image { get; } = TestImage.Small("private");

        public string Name { get; }

        public void Dispose() => _server.Dispose();
    }
}
