using Cri.ImageService.Signatures;
using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Tests.Signatures;

/// <summary>Pulls under policies from a real registry, which has no referrers API.</summary>
public sealed class SignedPullTests : IClassFixture<SignedPullTests.Registry>, IDisposable
{
    private readonly DistributionRegistry _registry;
    private readonly SigningKey _key = SigningKey.Ecdsa();

    public SignedPullTests(Registry registry) => _registry = registry.Server;

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task PullAsync_SignedImage_IsUsable()
    {
        var image = Push("accepted");
        await SignAsync("accepted", image.ManifestDigest);
        using var node = Node(Require());

        Assert.Equal(image.Id, (await node.PullAsync(Name("accepted"))).Id);
        Assert.Equal(image.Id, (await node.PullAsync($"{_registry.Host}/accepted@{image.ManifestDigest}")).Id);
    }

    [Fact]
    public async Task PullAsync_SignedByRsa_IsUsable()
    {
        using var rsa = SigningKey.Rsa();
        var image = Push("rsa");
        await UploadAsync("rsa", image.ManifestDigest, new CosignArtifact().Signature(rsa, Payload("rsa", image.ManifestDigest)));
        using var node = Node(Require(rsa.Path));

        Assert.Equal(image.Id, (await node.PullAsync(Name("rsa"))).Id);
    }

    [Fact]
    public async Task PullAsync_UnsignedImage_IsRefusedAndLeavesNothing()
    {
        var image = Push("unsigned");
        using var node = Node(Require());

        var error = await RefusedAsync(node, "unsigned");

        Assert.Equal(
            $"SignatureValidationFailed: pull {Name("unsigned")}: image {_registry.Host}/unsigned@{image.ManifestDigest}: policy \"signed\" (images.policies[0]): {image.ManifestDigest} is not signed",
            error.Message);
        Assert.Equal(0, _registry.CountRequests("GET", "/unsigned/blobs/"));
        node.AssertEmpty();
    }

    [Fact]
    public async Task PullAsync_SignedByAnotherKey_IsRefusedWithTheKeysThatCount()
    {
        using var other = SigningKey.Ecdsa();
        var image = Push("wrong-key");
        await UploadAsync("wrong-key", image.ManifestDigest, new CosignArtifact().Signature(other, Payload("wrong-key", image.ManifestDigest)));
        using var node = Node(Require());

        var error = await RefusedAsync(node, "wrong-key");

        Assert.Contains($"{image.ManifestDigest} has no signature that counts (one is by none of {_key.Path})", error.Message);
    }

    [Fact]
    public async Task PullAsync_SignatureOfAnotherDigest_IsRefused()
    {
        var (image, other) = (Push("wrong-digest"), TestImage.Small("other"));
        await UploadAsync("wrong-digest", image.ManifestDigest, new CosignArtifact().Signature(_key, Payload("wrong-digest", other.ManifestDigest)));
        using var node = Node(Require());

        Assert.Contains($"one is for {other.ManifestDigest}", (await RefusedAsync(node, "wrong-digest")).Message);
    }

    [Fact]
    public async Task PullAsync_SignatureForAnotherRepository_IsRefused()
    {
        var image = Push("wrong-name");
        await UploadAsync("wrong-name", image.ManifestDigest, new CosignArtifact().Signature(_key, Payload("right-name", image.ManifestDigest)));
        using var node = Node(Require());

        Assert.Contains($"one is for {_registry.Host}/right-name", (await RefusedAsync(node, "wrong-name")).Message);
    }

    [Fact]
    public async Task PullAsync_SignatureThatNamesAnotherTag_IsForThatTagOnly()
    {
        var image = Push("tagged");
        await UploadAsync("tagged", image.ManifestDigest, new CosignArtifact().Signature(_key, Payload("tagged:v2", image.ManifestDigest)));
        using var node = Node(Require());

        await RefusedAsync(node, "tagged");

        Assert.Equal(image.Id, (await node.PullAsync($"{_registry.Host}/tagged@{image.ManifestDigest}")).Id);
    }

    [Fact]
    public async Task PullAsync_TamperedPayload_IsRefused()
    {
        var image = Push("tampered");
        var payload = Payload("tampered", image.ManifestDigest);
        var signature = _key.Sign(payload);
        payload[^1] = (byte)' ';
        await UploadAsync("tampered", image.ManifestDigest, new CosignArtifact().Signature(payload, signature));
        using var node = Node(Require());

        Assert.Contains("one is by none of", (await RefusedAsync(node, "tampered")).Message);
    }

    [Fact]
    public async Task PullAsync_GoodSignatureAmongBadOnes_IsUsable()
    {
        using var other = SigningKey.Ecdsa();
        var image = Push("among");
        var payload = Payload("among", image.ManifestDigest);
        await UploadAsync("among", image.ManifestDigest, new CosignArtifact()
            .Signature(other, payload).Signature(payload, [1, 2, 3]).Signature("not json"u8.ToArray(), _key.Sign("not json"u8.ToArray())).Signature(_key, payload));
        using var node = Node(Require());

        Assert.Equal(image.Id, (await node.PullAsync(Name("among"))).Id);
    }

    [Fact]
    public async Task PullAsync_BundleListedUnderTheFallbackTag_IsUsable()
    {
        var image = Push("bundle");
        var artifact = new CosignArtifact().Statement(_key, image.ManifestDigest);
        await UploadReferrersAsync("bundle", image.ManifestDigest, "application/vnd.oci.empty.v1+json", artifact);
        using var node = Node(Require());

        Assert.Equal(image.Id, (await node.PullAsync(Name("bundle"))).Id);
    }

    [Theory]
    [InlineData("https://slsa.dev/provenance/v1", "states something else")]
    [InlineData("https://sigstore.dev/cosign/sign/v1x", "states something else")]
    public async Task PullAsync_BundleWithAnotherStatement_IsRefused(string predicate, string why)
    {
        var name = $"attested{predicate.Length}";
        var image = Push(name);
        await UploadReferrersAsync(name, image.ManifestDigest, "application/vnd.dev.sigstore.bundle.v0.3+json", new CosignArtifact().Statement(_key, image.ManifestDigest, predicate));
        using var node = Node(Require());

        Assert.Contains(why, (await RefusedAsync(node, name)).Message);
    }

    [Fact]
    public async Task PullAsync_Annotations_MustAllBeSigned()
    {
        var image = Push("annotated");
        await UploadAsync("annotated", image.ManifestDigest, new CosignArtifact().Signature(
            _key, CosignArtifact.Payload($"{_registry.Host}/annotated", image.ManifestDigest, """{"env":"prod","n":1}""")));
        var wanted = new Dictionary<string, string> { ["env"] = "prod" };
        using var node = Node(Require() with { Annotations = wanted });
        using var stricter = Node(Require() with { Annotations = new Dictionary<string, string>(wanted) { ["team"] = "a" } });

        Assert.Equal(image.Id, (await node.PullAsync(Name("annotated"))).Id);
        Assert.Contains("one lacks team=a", (await RefusedAsync(stricter, "annotated")).Message);
    }

    [Fact]
    public async Task PullAsync_Threshold_CountsKeysAndNotSignatures()
    {
        using var second = SigningKey.Rsa();
        var image = Push("threshold");
        var payload = Payload("threshold", image.ManifestDigest);
        await UploadAsync("threshold", image.ManifestDigest, new CosignArtifact().Signature(_key, payload).Signature(_key, payload));
        using var node = Node(Require(_key.Path, second.Path) with { Threshold = 2 });

        Assert.Contains("is signed by 1 of the 2 keys needed", (await RefusedAsync(node, "threshold")).Message);

        await UploadAsync("threshold", image.ManifestDigest, new CosignArtifact().Signature(_key, payload).Signature(second, payload));
        Assert.Equal(image.Id, (await node.PullAsync(Name("threshold"))).Id);
    }

    [Fact]
    public async Task PullAsync_SignaturesInAnotherRepository_AreLookedForThereOnly()
    {
        var image = Push("elsewhere");
        var artifact = new CosignArtifact().Signature(_key, Payload("elsewhere", image.ManifestDigest));
        await _registry.UploadAsync("signatures", CosignArtifact.Tag(image.ManifestDigest), artifact.Manifest, artifact.Blobs);
        using var node = Node(Require() with { SignatureRepository = ImageReference.Parse($"{_registry.Host}/signatures") });

        Assert.Equal(image.Id, (await node.PullAsync(Name("elsewhere"))).Id);
        Assert.Equal(0, _registry.CountRequests("GET", "/elsewhere/manifests/sha256-"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PullAsync_Index_MayBeSignedAsAWholeOrForThisPlatform(bool whole)
    {
        var name = whole ? "index-whole" : "index-platform";
        var image = Push(name);
        var index = System.Text.Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{TestImage.Describe(
                MediaTypes.OciManifest, image.ManifestDigest, image.Blobs[image.ManifestDigest].Length,
                $$""","platform":{"os":"linux","architecture":"{{Platform.Host.Architecture}}"}""")}}]}
            """);
        await _registry.UploadAsync(name, "v1", index, new Dictionary<Digest, byte[]>(), MediaTypes.OciIndex);
        using var node = Node(Require());
        var error = await RefusedAsync(node, name);
        Assert.Contains($"{Digest.OfSha256(index)} is not signed; for this platform {image.ManifestDigest} is not signed", error.Message);

        await SignAsync(name, whole ? Digest.OfSha256(index) : image.ManifestDigest);

        Assert.Equal(image.Id, (await node.PullAsync(Name(name))).Id);
    }

    [Fact]
    public async Task PullAsync_PresentImageUnderAPolicyThatIsNew_IsRefusedUntilSigned()
    {
        var image = Push("tightened");
        using var node = new ImageNode();
        await node.PullAsync(Name("tightened"));
        using var tightened = Node(Require(), node.Root);

        await RefusedAsync(tightened, "tightened");
        await SignAsync("tightened", image.ManifestDigest);

        Assert.Equal(image.Id, (await tightened.PullAsync(Name("tightened"))).Id);
    }

    [Fact]
    public async Task PullAsync_PresentImageByANameThatNeedsASignature_DoesNotGetTheName()
    {
        var image = Push("free/app");
        Push("guarded/app", image);
        using var node = Node([Policy(PolicyAction.Accept, $"{_registry.Host}/free/**"), Require()]);
        await node.PullAsync(Name("free/app"));

        await RefusedAsync(node, "guarded/app");

        Assert.Null(node.Images.Find(Name("guarded/app")));
        Assert.Equal([Name("free/app")], node.Images.Find(image.Id)!.RepoTags);
    }

    [Fact]
    public async Task PullAsync_RejectedName_AsksNothing()
    {
        var image = Push("rejected");
        using var node = Node([Policy(PolicyAction.Reject, $"{_registry.Host}/rejected")]);
        var before = CountRequests("/rejected/");

        var error = await RefusedAsync(node, "rejected");

        Assert.Equal($"SignatureValidationFailed: pull {Name("rejected")}: policy \"reject\" rejects {Name("rejected")}", error.Message);
        Assert.Equal(before, CountRequests("/rejected/"));
        Assert.Null(node.Images.Find(image.Id));
    }

    [Fact]
    public async Task PullAsync_PoliciesInOrder_TheFirstThatMatchesCounts()
    {
        Push("order/a");
        Push("order/b");
        using var node = Node([
            Policy(PolicyAction.Accept, $"{_registry.Host}/order/a"),
            Policy(PolicyAction.Reject, $"{_registry.Host}/order/**"),
            Policy(PolicyAction.Accept, "**")]);

        await node.PullAsync(Name("order/a"));
        await RefusedAsync(node, "order/b");
    }

    [Fact]
    public async Task PullAsync_KeyFileReplaced_TheNewKeyCounts()
    {
        using var successor = SigningKey.Ecdsa();
        var image = Push("rotated");
        await UploadAsync("rotated", image.ManifestDigest, new CosignArtifact().Signature(successor, Payload("rotated", image.ManifestDigest)));
        using var node = Node(Require());
        await RefusedAsync(node, "rotated");

        _key.Write(successor.PublicPem);

        Assert.Equal(image.Id, (await node.PullAsync(Name("rotated"))).Id);
    }

    [Fact]
    public async Task PullAsync_KeyFileDamaged_IsNamedAndTheOtherKeysCount()
    {
        using var broken = SigningKey.Ecdsa();
        var image = Push("damaged-key");
        broken.Write("nothing");
        using var node = Node(Require(broken.Path, _key.Path));

        Assert.Contains($"key {broken.Path}: not a PEM file", (await RefusedAsync(node, "damaged-key")).Message);

        await SignAsync("damaged-key", image.ManifestDigest);
        Assert.Equal(image.Id, (await node.PullAsync(Name("damaged-key"))).Id);
    }

    private int CountRequests(string part) => _registry.CountRequests("HEAD", part) + _registry.CountRequests("GET", part);

    private string Name(string repository) => $"{_registry.Host}/{repository}:v1";

    private TestImage Push(string repository, TestImage? image = null)
    {
        image ??= TestImage.Small($"signed {repository}");
        _registry.Push(image, $"{repository}:v1");
        return image;
    }

    private byte[] Payload(string repository, Digest digest) => CosignArtifact.Payload($"{_registry.Host}/{repository}", digest);

    private Task SignAsync(string repository, Digest digest) =>
        UploadAsync(repository, digest, new CosignArtifact().Signature(_key, Payload(repository, digest)));

    private Task UploadAsync(string repository, Digest digest, CosignArtifact artifact) =>
        _registry.UploadAsync(repository, CosignArtifact.Tag(digest), artifact.Manifest, artifact.Blobs);

    private async Task UploadReferrersAsync(string repository, Digest digest, string type, CosignArtifact artifact)
    {
        await _registry.UploadAsync(repository, Digest.OfSha256(artifact.Manifest).ToString(), artifact.Manifest, artifact.Blobs);
        await _registry.UploadAsync(
            repository, $"sha256-{digest.Hex}", CosignArtifact.Referrers(type, artifact.Manifest), new Dictionary<Digest, byte[]>(), MediaTypes.OciIndex);
    }

    private ImagePolicy Require(params string[] keys) =>
        Policy(PolicyAction.Require, "**") with { Name = "\"signed\" (images.policies[0])", Keys = keys.Length > 0 ? keys : [_key.Path] };

    private static ImagePolicy Policy(PolicyAction action, string images) => new()
    {
        Name = $"\"{action.ToString().ToLowerInvariant()}\"",
        Images = [RepositoryPattern.Parse(images)],
        Action = action,
    };

    private static ImageNode Node(ImagePolicy policy, string? root = null) => Node([policy], root);

    private static ImageNode Node(IReadOnlyList<ImagePolicy> policies, string? root = null) =>
        new(options => options with { Policies = new ImagePolicies(policies) }, root);

    // The kubelet knows the reason by the beginning of the message, and only with this code.
    private async Task<ImageException> RefusedAsync(ImageNode node, string repository)
    {
        var error = await Assert.ThrowsAsync<ImageException>(() => node.PullAsync(Name(repository)));

        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        Assert.StartsWith("SignatureValidationFailed: ", error.Status.Detail);
        return error;
    }

    public sealed class Registry : IDisposable
    {
        public DistributionRegistry Server { get; } = new();

        public void Dispose() => Server.Dispose();
    }
}
