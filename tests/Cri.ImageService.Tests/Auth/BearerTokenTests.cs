using Cri.Api.V1;
using Cri.ImageService.Auth;
using Cri.ImageService.Tests.Fixtures;
using Grpc.Core;

namespace Cri.ImageService.Tests.Auth;

/// <summary>Token servers, and where credentials go.</summary>
public sealed class BearerTokenTests
{
    private static readonly TestImage _image = TestImage.Small("bearer");

    [Fact]
    public async Task PullAsync_AnonymousToken_IsFetchedOnceWithScope()
    {
        using var registry = Guarded("token", request => request.Header("authorization") is null);
        using var node = new ImageNode();

        await node.PullAsync($"{registry.Host}/team/guarded:v1");

        var asked = registry.Requests.Where(request => request.Path.StartsWith("/token")).ToList();
        Assert.Single(asked);
        Assert.Equal("GET", asked[0].Method);
        Assert.Contains("service=test", asked[0].Path);
        Assert.Contains("scope=repository%3Ateam%2Fguarded%3Apull", asked[0].Path);
    }

    [Fact]
    public async Task PullAsync_Password_GoesToTheTokenServerOnly()
    {
        var basic = $"Basic {Convert.ToBase64String("user:secret"u8)}";
        using var registry = Guarded("token", request => request.Header("authorization") == basic);
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { Username = "user", Password = "secret" });

        await node.Puller.PullAsync($"{registry.Host}/team/guarded:v1", credentials, CancellationToken.None);

        Assert.All(registry.Requests.Where(request => !request.Path.StartsWith("/token")), request => Assert.NotEqual(basic, request.Header("authorization")));
    }

    [Fact]
    public async Task PullAsync_IdentityToken_IsExchanged()
    {
        using var registry = Guarded("access_token", request => request.Method == "POST"
            && request.Body.Contains("grant_type=refresh_token") && request.Body.Contains("refresh_token=identity"));
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { IdentityToken = "identity" });

        await node.Puller.PullAsync($"{registry.Host}/team/guarded:v1", credentials, CancellationToken.None);
    }

    [Fact]
    public async Task PullAsync_RegistryToken_IsSentAsItIs()
    {
        using var registry = Guarded("token", _ => false);
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { RegistryToken = "granted" });

        await node.Puller.PullAsync($"{registry.Host}/team/guarded:v1", credentials, CancellationToken.None);

        Assert.Equal(0, registry.Count("/token"));
    }

    [Fact]
    public async Task PullAsync_TokenRefused_IsUnauthenticatedWithoutSecrets()
    {
        using var registry = Guarded("token", _ => false);
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { Username = "user", Password = "hunter2" });

        var error = await Assert.ThrowsAsync<ImageException>(
            () => node.Puller.PullAsync($"{registry.Host}/team/guarded:v1", credentials, CancellationToken.None));

        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.DoesNotContain("hunter2", error.ToString());
        Assert.DoesNotContain(Convert.ToBase64String("user:hunter2"u8), error.ToString());
    }

    [Fact]
    public async Task PullAsync_BlobRedirectedElsewhere_CarriesNoCredentials()
    {
        using var storage = new ScriptedRegistry();
        storage.AddContent("/layer", _image.Blobs[_image.LayerDigests[0]]);
        using var registry = new ScriptedRegistry(request => request switch
        {
            _ when request.Header("authorization") is null => new ScriptedAnswer(401, [], Headers: "WWW-Authenticate: Basic realm=\"x\"\r\n"),
            _ when request.Path.Contains(_image.LayerDigests[0].Hex) => new ScriptedAnswer(307, [], Headers: $"Location: http://{storage.Host}/layer?signed=1\r\n"),
            _ => null,
        }).Add(_image, "redirected", "v1");
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { Username = "user", Password = "secret" });

        await node.Puller.PullAsync($"{registry.Host}/redirected:v1", credentials, CancellationToken.None);

        Assert.Null(storage.Requests.Single().Header("authorization"));
    }

    [Fact]
    public async Task PullAsync_TokenEndsDuringABlob_IsRenewedAndTheBlobGoesOn()
    {
        var image = RandomContent.Image(50, 1 << 20);
        var (layer, content) = (image.LayerDigests[0], image.Blobs[image.LayerDigests[0]]);
        var (granted, broke) = (0, false);
        ScriptedRegistry registry = null!;
        registry = new ScriptedRegistry(request =>
        {
            if (request.Path.StartsWith("/token"))
            {
                return new ScriptedAnswer(200, System.Text.Encoding.UTF8.GetBytes($$"""{"token":"t{{Interlocked.Increment(ref granted)}}"}"""));
            }

            if (request.Header("authorization") != $"Bearer t{granted}" || (broke && granted == 1))
            {
                return new ScriptedAnswer(401, [], Headers: $"WWW-Authenticate: Bearer realm=\"http://{registry.Host}/token\"\r\n");
            }

            var isFirst = request.Path.Contains(layer.Hex) && !broke;
            broke |= isFirst;
            return isFirst ? new ScriptedAnswer(200, content, SendOnly: content.Length / 2) : null;
        }).Add(image, "long", "v1");
        using var server = registry;
        using var node = new ImageNode();

        await node.PullAsync($"{registry.Host}/long:v1");

        Assert.Equal(2, granted);
        Assert.Equal($"bytes={content.Length / 2}-", registry.Requests.Last(request => request.Path.Contains(layer.Hex)).Header("range"));
    }

    [Theory]
    [InlineData("WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: Bearer realm=\"REALM\"\r\n")]
    [InlineData("WWW-Authenticate: Negotiate, Basic realm=\"x\", Bearer realm=\"REALM\"\r\n")]
    [InlineData("WWW-Authenticate: NTLM TlRM==, Bearer realm=\"REALM\",service=\"s\", Basic realm=\"x\"\r\n")]
    public async Task PullAsync_SeveralChallenges_FallBackFromBearerToBasic(string challenges)
    {
        ScriptedRegistry registry = null!;
        registry = new ScriptedRegistry(request => request switch
        {
            _ when request.Path.StartsWith("/token") => new ScriptedAnswer(200, """{"token":"useless"}"""u8.ToArray()),
            _ when request.Header("authorization")?.StartsWith("Basic ") != true =>
                new ScriptedAnswer(401, [], Headers: challenges.Replace("REALM", $"http://{registry.Host}/token")),
            _ => null,
        }).Add(_image, "team/guarded", "v1");
        using var server = registry;
        using var node = new ImageNode();
        var credentials = RegistryCredentials.From(new AuthConfig { Username = "user", Password = "secret" });

        await node.Puller.PullAsync($"{registry.Host}/team/guarded:v1", credentials, CancellationToken.None);

        // One that may have ended too early, and another in its place.
        Assert.Equal(2, registry.Count("/token"));
    }

    [Fact]
    public async Task PullAsync_TokenServerFailsForNow_IsAskedAgain()
    {
        var asked = 0;
        using var registry = Guarded("token", _ => true, request => request.Path.StartsWith("/token") && asked++ == 0 ? new ScriptedAnswer(503, []) : null);
        using var node = new ImageNode();

        await node.PullAsync($"{registry.Host}/team/guarded:v1");

        Assert.Equal(2, registry.Count("/token"));
    }

    [Theory]
    [InlineData("", "https://registry.example.com/v2/", true)]
    [InlineData("registry.example.com", "https://registry.example.com/v2/", true)]
    [InlineData("https://Registry.example.com/v1/", "https://registry.example.com/v2/", true)]
    [InlineData("registry.example.com:443", "https://registry.example.com/v2/", true)]
    [InlineData("registry.example.com:5000", "https://registry.example.com/v2/", false)]
    [InlineData("https://index.docker.io/v1/", "https://registry-1.docker.io/v2/", true)]
    [InlineData("docker.io", "https://registry-1.docker.io/v2/", true)]
    [InlineData("registry.example.com", "https://mirror.example.com/v2/", false)]
    [InlineData("example.com", "https://registry.example.com/v2/", false)]
    public void AreFor_ServerAddress_IsThatHostAlone(string server, string api, bool areFor) =>
        Assert.Equal(areFor, RegistryCredentials.From(new AuthConfig { Username = "u", Password = "p", ServerAddress = server })!.AreFor(new Uri(api)));

    [Fact]
    public void From_AuthThatIsNotBase64_IsInvalidArgumentWithoutEcho()
    {
        var error = Assert.Throws<ImageException>(() => RegistryCredentials.From(new AuthConfig { Auth = "not base64!" }));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.DoesNotContain("not base64!", error.ToString());
    }

    [Fact]
    public void ToString_Credentials_HasNoSecret() =>
        Assert.DoesNotContain("secret", new RegistryCredentials { Username = "u", Password = "secret1", IdentityToken = "secret2", RegistryToken = "secret3" }.ToString());

    [Fact]
    public void ParseAll_SeveralChallenges_AreToldApart()
    {
        var challenges = AuthChallenge.ParseAll("Bearer realm=\"https://a/t?x=1,2\", service=svc,scope=\"a:b:pull,push\", Basic realm=\"say \\\"hi\\\"\"");

        Assert.Equal(["bearer", "basic"], challenges.Select(challenge => challenge.Scheme));
        Assert.Equal("https://a/t?x=1,2", challenges[0].Parameter("realm"));
        Assert.Equal("svc", challenges[0].Parameter("service"));
        Assert.Equal("a:b:pull,push", challenges[0].Parameter("SCOPE"));
        Assert.Equal("say \"hi\"", challenges[1].Parameter("realm"));
    }

    // Its own token server at /token; everything else needs the token "granted".
    private static ScriptedRegistry Guarded(
        string field, Func<ScriptedRequest, bool> mayHaveToken, Func<ScriptedRequest, ScriptedAnswer?>? before = null)
    {
        ScriptedRegistry registry = null!;
        registry = new ScriptedRegistry(request => before?.Invoke(request) ?? request switch
        {
            _ when request.Path.StartsWith("/token") => mayHaveToken(request)
                ? new ScriptedAnswer(200, System.Text.Encoding.UTF8.GetBytes($$"""{"{{field}}":"granted","expires_in":300}"""))
                : new ScriptedAnswer(401, """{"details":"incorrect username or password"}"""u8.ToArray()),
            _ when request.Header("authorization") != "Bearer granted" => new ScriptedAnswer(
                401, [], Headers: $"WWW-Authenticate: Bearer realm=\"http://{registry.Host}/token\",service=\"test\",scope=\"repository:team/guarded:pull\"\r\n"),
            _ => null,
        }).Add(_image, "team/guarded", "v1");
        return registry;
    }
}
