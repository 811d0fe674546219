using Cri.Api.V1;
using Cri.ImageService.Auth;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Auth;

/// <summary>Pulls from a real registry that trusts a token server.</summary>
public sealed class TokenServerTests
{
    private readonly TestImage _image = TestImage.Small("with a token");

    [Theory]
    [InlineData(null, "GET")]
    [InlineData("GET", "POST")]
    public async Task PullAsync_Password_GetsATokenOneWayOrTheOther(string? refused, string used)
    {
        using var tokens = new TokenServer();
        using var registry = Registry(tokens);
        tokens.RefusedMethod = refused;
        using var node = new ImageNode();

        var record = await PullAsync(node, registry, new AuthConfig { Username = "user", Password = TokenServer.Password });

        Assert.Equal(_image.Id, record.Id);
        Assert.Equal(used, tokens.Requests.Last().Method);
    }

    [Fact]
    public async Task PullAsync_IdentityToken_IsExchanged()
    {
        using var tokens = new TokenServer();
        using var registry = Registry(tokens);
        using var node = new ImageNode();

        Assert.Equal(_image.Id, (await PullAsync(node, registry, new AuthConfig { IdentityToken = TokenServer.Identity })).Id);
    }

    [Fact]
    public async Task PullAsync_RegistryToken_IsTakenAsItIs()
    {
        using var tokens = new TokenServer();
        using var registry = Registry(tokens);
        using var node = new ImageNode();
        var before = tokens.Requests.Count;

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(node, registry, new AuthConfig { RegistryToken = "hunter2.not.signed" }));

        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.Equal(before, tokens.Requests.Count);
        AssertNoSecrets(error);
    }

    [Fact]
    public async Task PullAsync_ManyLayersAtOnce_AskForOneToken()
    {
        var image = RandomContent.Image(40, 1000, 2000, 3000, 4000, 5000);
        using var tokens = new TokenServer();
        using var registry = Registry(tokens, image);
        using var node = new ImageNode();
        var before = tokens.Requests.Count;

        await PullAsync(node, registry, new AuthConfig { Username = "user", Password = TokenServer.Password });

        Assert.Equal(before + 1, tokens.Requests.Count);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("user", "hunter2-wrong")]
    public async Task PullAsync_NotKnown_IsUnauthenticatedInTheServersWords(string user, string password)
    {
        using var tokens = new TokenServer();
        using var registry = Registry(tokens);
        using var node = new ImageNode();

        var error = await Assert.ThrowsAsync<ImageException>(() => PullAsync(node, registry, new AuthConfig { Username = user, Password = password }));

        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.Contains("who are you", error.Message);
        AssertNoSecrets(error);
    }

    private DistributionRegistry Registry(TokenServer tokens, TestImage? image = null)
    {
        var registry = new DistributionRegistry(credentials: $"user:{TokenServer.Password}", auth: tokens.Configuration);
        registry.Push(image ?? _image, "team/guarded:v1");
        return registry;
    }

    private static Task<ImageRecord> PullAsync(ImageNode node, DistributionRegistry registry, AuthConfig auth) =>
        node.Puller.PullAsync($"{registry.Host}/team/guarded:v1", RegistryCredentials.From(auth), CancellationToken.None);

    private static void AssertNoSecrets(Exception error) => Assert.DoesNotContain("hunter2", error.ToString());
}
