using Cri.ImageService.Signatures;
using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Signatures;

/// <summary>What a registry may say about signatures without harm, and the referrers API.</summary>
public sealed class HostileSignatureTests : IDisposable
{
    private readonly SigningKey _key = SigningKey.Ecdsa();
    private readonly TestImage _image = TestImage.Small("hostile signatures");

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task PullAsync_BundleOfTheReferrersApi_IsUsable()
    {
        using var registry = Registry();
        AddReferrer(registry, new CosignArtifact().Statement(_key, _image.ManifestDigest));
        using var node = Node();

        Assert.Equal(_image.Id, (await node.PullAsync($"{registry.Host}/app:v1")).Id);
        Assert.Equal(0, registry.Count($"/manifests/sha256-{_image.ManifestDigest.Hex}") - registry.Count(".sig"));
    }

    [Fact]
    public async Task PullAsync_SimpleSigningOfTheReferrersApi_IsUsable()
    {
        using var registry = Registry();
        AddReferrer(registry, new CosignArtifact().Signature(_key, CosignArtifact.Payload($"{registry.Host}/app", _image.ManifestDigest)));
        using var node = Node();

        Assert.Equal(_image.Id, (await node.PullAsync($"{registry.Host}/app:v1")).Id);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(405)]
    public async Task PullAsync_RegistryThatDoesNotKnowTheReferrersApi_IsAskedForTheTag(int status)
    {
        using var registry = Registry(request => request.Path.Contains("/referrers/") ? new ScriptedAnswer(status, []) : null);
        var artifact = new CosignArtifact().Statement(_key, _image.ManifestDigest);
        Add(registry, artifact, Digest.OfSha256(artifact.Manifest).ToString());
        registry.AddContent($"/v2/app/manifests/sha256-{_image.ManifestDigest.Hex}", CosignArtifact.Referrers("application/vnd.oci.empty.v1+json", artifact.Manifest));
        using var node = Node();

        Assert.Equal(_image.Id, (await node.PullAsync($"{registry.Host}/app:v1")).Id);
    }

    [Fact]
    public async Task PullAsync_MoreSignaturesThanTheLimit_LooksAtNoMore()
    {
        using var registry = Registry();
        using var other = SigningKey.Ecdsa();
        var artifact = new CosignArtifact();
        for (var i = 0; i < 3 * CosignSignatures.SignaturesMax; i++)
        {
            artifact.Signature(other, CosignArtifact.Payload($"{registry.Host}/app", _image.ManifestDigest, $$"""{"n":{{i}}}"""));
        }

        Add(registry, artifact, CosignArtifact.Tag(_image.ManifestDigest));

        var error = await RefusedAsync(registry);

        Assert.Contains($"one is beyond the first {CosignSignatures.SignaturesMax}", error.Message);
        Assert.Contains($"{CosignSignatures.SignaturesMax} times one is by none of", error.Message);
        Assert.Equal(CosignSignatures.SignaturesMax, registry.Count("/blobs/"));
    }

    [Fact]
    public async Task PullAsync_MoreReferrersThanTheLimit_LooksAtNoMore()
    {
        using var registry = Registry();
        var artifacts = Enumerable.Range(0, 3 * CosignSignatures.ReferrersMax).Select(i => new CosignArtifact($$""","annotations":{"n":"{{i}}"}""")).ToList();
        artifacts.ForEach(artifact => Add(registry, artifact, Digest.OfSha256(artifact.Manifest).ToString()));
        registry.AddContent(
            $"/v2/app/referrers/{_image.ManifestDigest}",
            CosignArtifact.Referrers("application/vnd.dev.sigstore.bundle.v0.3+json", [.. artifacts.Select(artifact => artifact.Manifest)]));

        var error = await RefusedAsync(registry);

        Assert.Contains("beyond the first", error.Message);
        Assert.Equal(CosignSignatures.ReferrersMax + 1, registry.Count("/manifests/sha256:"));
    }

    [Fact]
    public async Task PullAsync_ReferrersOfOtherKinds_AreNotFetched()
    {
        using var registry = Registry();
        var artifact = new CosignArtifact();
        registry.AddContent($"/v2/app/referrers/{_image.ManifestDigest}", CosignArtifact.Referrers("application/spdx+json", artifact.Manifest));

        await RefusedAsync(registry);

        Assert.Equal(0, registry.Count(Digest.OfSha256(artifact.Manifest).ToString()));
    }

    [Fact]
    public async Task PullAsync_HugePayload_IsNotFetched()
    {
        using var registry = Registry();
        var payload = CosignArtifact.Payload($"{registry.Host}/app", _image.ManifestDigest);
        Add(registry, new CosignArtifact().Signature(payload, _key.Sign(payload), claimedSize: 1L << 40), CosignArtifact.Tag(_image.ManifestDigest));

        Assert.Contains("has more than", (await RefusedAsync(registry)).Message);
        Assert.Equal(0, registry.Count("/blobs/"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("not json")]
    [InlineData("""{"schemaVersion":2,"layers":null,"config":null}""")]
    [InlineData("""{"schemaVersion":2,"layers":[null],"config":{"digest":"sha256:0","size":1}}""")]
    public async Task PullAsync_MalformedSignatureDocuments_AreNoSignature(string document)
    {
        using var registry = Registry();
        var content = System.Text.Encoding.UTF8.GetBytes(document);
        registry.AddContent($"/v2/app/manifests/{CosignArtifact.Tag(_image.ManifestDigest)}", content);
        registry.AddContent($"/v2/app/manifests/sha256-{_image.ManifestDigest.Hex}", content);
        registry.AddContent($"/v2/app/referrers/{_image.ManifestDigest}", content);

        await RefusedAsync(registry);
    }

    [Fact]
    public async Task PullAsync_DamagedSignatureBesideAGoodOne_IsUsable()
    {
        using var registry = Registry();
        var payload = CosignArtifact.Payload($"{registry.Host}/app", _image.ManifestDigest);
        var lost = CosignArtifact.Payload($"{registry.Host}/app", _image.ManifestDigest, """{"lost":"yes"}""");
        var artifact = new CosignArtifact().Signature(_key, lost).Signature(_key, payload);
        artifact.Blobs.Remove(Digest.OfSha256(lost));
        Add(registry, artifact, CosignArtifact.Tag(_image.ManifestDigest));
        using var node = Node();

        Assert.Equal(_image.Id, (await node.PullAsync($"{registry.Host}/app:v1")).Id);
    }

    [Fact]
    public async Task PullAsync_SignaturesThatCannotBeAskedFor_AreNotTakenForMissing()
    {
        using var registry = Registry(request => request.Path.Contains(".sig") ? new ScriptedAnswer(503, []) : null);
        using var node = Node();

        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/app:v1"));

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_SignaturesInAnotherRegistry_DoNotGetTheCredentials()
    {
        using var registry = Registry();
        using var signatures = new ScriptedRegistry(request => request.Header("authorization") is null
            ? new ScriptedAnswer(401, [], Headers: "WWW-Authenticate: Basic realm=\"other\"\r\n")
            : null);
        var policy = Policy() with { SignatureRepository = ImageReference.Parse($"{signatures.Host}/sigs") };
        using var node = new ImageNode(options => options with { Policies = new ImagePolicies([policy]) });

        var error = await Assert.ThrowsAsync<ImageException>(() => node.Puller.PullAsync(
            $"{registry.Host}/app:v1", Cri.ImageService.Auth.RegistryCredentials.From(new Api.V1.AuthConfig { Username = "user", Password = "secret" }), CancellationToken.None));

        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
        Assert.All(signatures.Requests, request => Assert.Null(request.Header("authorization")));
    }

    private ScriptedRegistry Registry(Func<ScriptedRequest, ScriptedAnswer?>? script = null) => new ScriptedRegistry(script).Add(_image, "app", "v1");

    private void AddReferrer(ScriptedRegistry registry, CosignArtifact artifact)
    {
        Add(registry, artifact, Digest.OfSha256(artifact.Manifest).ToString());
        registry.AddContent(
            $"/v2/app/referrers/{_image.ManifestDigest}", CosignArtifact.Referrers("application/vnd.dev.sigstore.bundle.v0.3+json", artifact.Manifest));
    }

    private static void Add(ScriptedRegistry registry, CosignArtifact artifact, string tag)
    {
        foreach (var (digest, content) in artifact.Blobs)
        {
            registry.AddContent($"/v2/app/blobs/{digest}", content);
        }

        registry.AddContent($"/v2/app/manifests/{tag}", artifact.Manifest);
    }

    private ImagePolicy Policy() => new()
    {
        Name = "images.policies[0]",
        Images = [RepositoryPattern.Parse("**")],
        Action = PolicyAction.Require,
        Keys = [_key.Path],
    };

    private ImageNode Node() => new(options => options with { Policies = new ImagePolicies([Policy()]) });

    private async Task<ImageException> RefusedAsync(ScriptedRegistry registry)
    {
        using var node = Node();
        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync($"{registry.Host}/app:v1"));

        Assert.StartsWith("SignatureValidationFailed: ", error.Message);
        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        node.AssertEmpty();
        return error;
    }
}
