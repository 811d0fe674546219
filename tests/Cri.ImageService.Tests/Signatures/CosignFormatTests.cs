using Cri.ImageService.Signatures;
using Cri.ImageService.Tests.Fixtures;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Signatures;

/// <summary>Signatures that cosign itself has made (2.5.0 and 3.1.1), and what becomes of them when a byte changes.</summary>
public sealed class CosignFormatTests : IDisposable
{
    private const string PublicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEb8b8C4mr/2tTK8F2rMsv+TWraIPq
        BDhcQqh6A378HWD0f4X+tzlJ0XuVPxFz6KjMAsIudTm5YqV1Wf/Y73hWpA==
        -----END PUBLIC KEY-----
        """;

    private const string Payload = """{"critical":{"identity":{"docker-reference":"127.0.0.1:5977/team/app"},"image":{"docker-manifest-digest":"sha256:2b9cfa41c05a8ebe42d962b789b7daac7eddfb4a6665e97e999d1595b64fd00d"},"type":"cosign container image signature"},"optional":{"env":"prod"}}""";

    private const string Signature = "MEQCIHiLIJ4+pNrBztWmbHnlCnlM0NVMTeAChHOSUWAWTaH8AiBlgrNYlG4QDi8AVU/1UTh7LxhwsO6UatMslS5q+ouWXQ==";

    private const string Bundle = """{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"jJQdsnbexqLEdkH0pGELcSQ+4TeJNWAHSAeH+a4XysQ="}},"dsseEnvelope":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3QiOnsic2hhMjU2IjoiMmI5Y2ZhNDFjMDVhOGViZTQyZDk2MmI3ODliN2RhYWM3ZWRkZmI0YTY2NjVlOTdlOTk5ZDE1OTViNjRmZDAwZCJ9LCJhbm5vdGF0aW9ucyI6eyJlbnYiOiJwcm9kIn19XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmUuZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"MEUCIDm+MzCwOPL6sJdt0aTYmL2rVhXmjXhyUUxG3ZU+0oANAiEA15Gj5sxQXDDYvMAunwIL7GGD+sEW8wtdObMxX0fFe6w="}]}}""";

    private static readonly Digest _signed = Digest.Parse("sha256:2b9cfa41c05a8ebe42d962b789b7daac7eddfb4a6665e97e999d1595b64fd00d");
    private static readonly ImageReference _image = ImageReference.Parse("127.0.0.1:5977/team/app:v1");

    private readonly TemporaryDirectory _directory = new();
    private readonly VerificationKey _key;

    public CosignFormatTests()
    {
        File.WriteAllText(_directory.Join("cosign.pub"), PublicKey);
        _key = VerificationKey.Read(_directory.Join("cosign.pub"));
    }

    public void Dispose()
    {
        _key.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Check_SimpleSigningOfCosign2_IsMet() => Assert.Equal("", Outcome(Simple(Payload)));

    [Fact]
    public void Check_BundleOfCosign3_IsMet() => Assert.Equal("", Outcome(SigstoreBundle.Parse(Bytes(Bundle))!));

    [Fact]
    public void Check_Annotation_MustBeSigned()
    {
        Assert.Equal("", Outcome(Simple(Payload), Policy() with { Annotations = new Dictionary<string, string> { ["env"] = "prod" } }));
        Assert.Equal("", Outcome(SigstoreBundle.Parse(Bytes(Bundle))!, Policy() with { Annotations = new Dictionary<string, string> { ["env"] = "prod" } }));
        Assert.Contains("lacks env=test", Outcome(Simple(Payload), Policy() with { Annotations = new Dictionary<string, string> { ["env"] = "test" } }));
    }

    [Fact]
    public void Check_EveryByteOfThePayloadFlipped_IsNeverMet()
    {
        for (var i = 0; i < Payload.Length; i++)
        {
            var tampered = Bytes(Payload);
            tampered[i] ^= 1;

            Assert.Contains("is by none of", Outcome(new SimpleSigning(tampered, Convert.FromBase64String(Signature))));
        }
    }

    [Fact]
    public void Check_BundleWithAnotherStatement_IsNotMet()
    {
        var other = SigstoreBundle.Parse(Bytes(Bundle.Replace("eyJfdHlwZSI6", "eyJfdHlwZSA6", StringComparison.Ordinal)))!;

        Assert.Contains("is by none of", Outcome(other));
    }

    [Theory]
    [InlineData("other/app:v1", "is for 127.0.0.1:5977/team/app")]
    [InlineData("127.0.0.1:5977/team/other:v1", "is for 127.0.0.1:5977/team/app")]
    public void Check_OtherRepository_IsNotMet(string image, string why) =>
        Assert.Contains(why, Outcome(Simple(Payload), image: image));

    [Fact]
    public void Check_IdentityPattern_CountsInsteadOfTheRepository()
    {
        var policy = Policy() with { Identity = RepositoryPattern.Parse("127.0.0.1:5977/team/*") };

        Assert.Equal("", Outcome(Simple(Payload), policy, "mirror.test/app:v1"));
        Assert.Contains("names no repository", Outcome(SigstoreBundle.Parse(Bytes(Bundle))!, policy));
        Assert.Contains("is for", Outcome(Simple(Payload), policy with { Identity = RepositoryPattern.Parse("a.test/**") }));
    }

    [Fact]
    public void Check_IdentityOfEverything_IsNotLookedAt()
    {
        var policy = Policy() with { Identity = RepositoryPattern.Parse("**") };

        Assert.Equal("", Outcome(Simple(Payload), policy, "mirror.test/app:v1"));
        Assert.Equal("", Outcome(SigstoreBundle.Parse(Bytes(Bundle))!, policy, "mirror.test/app:v1"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"dsseEnvelope\":null}")]
    [InlineData("{\"dsseEnvelope\":{\"payloadType\":\"text/plain\",\"payload\":\"\",\"signatures\":[]}}")]
    [InlineData("{\"messageSignature\":{\"signature\":\"AAAA\"}}")]
    public void Parse_BundleOfAnotherKind_IsNone(string bundle) => Assert.Null(SigstoreBundle.Parse(Bytes(bundle)));

    [Theory]
    [InlineData("")]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("{\"dsseEnvelope\":7}")]
    [InlineData("{\"dsseEnvelope\":{\"payload\":\"%%\"}}")]
    public void Parse_MalformedBundle_IsInvalidData(string bundle) =>
        Assert.Throws<InvalidDataException>(() => SigstoreBundle.Parse(Bytes(bundle)));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"critical\":{}}")]
    [InlineData("{\"critical\":{\"type\":\"atomic container signature\",\"image\":{\"docker-manifest-digest\":\"sha256:00\"}}}")]
    [InlineData("{\"critical\":[]}")]
    public void ReadClaim_OfAnotherPayload_IsInvalidData(string payload) =>
        Assert.Throws<InvalidDataException>(() => new SimpleSigning(Bytes(payload), []).ReadClaim());

    [Fact]
    public void Tags_OfADigest_AreCosignsAndTheDistributionSpecifications()
    {
        var long512 = Digest.Parse($"sha512:{new string('a', 128)}");

        Assert.Equal($"sha256-{_signed.Hex}.sig", CosignSignatures.SignatureTag(_signed));
        Assert.Equal($"sha256-{_signed.Hex}", CosignSignatures.ReferrersTag(_signed));
        Assert.Null(CosignSignatures.SignatureTag(long512));
        Assert.Equal($"sha512-{new string('a', 64)}", CosignSignatures.ReferrersTag(long512));
    }

    private static SimpleSigning Simple(string payload) => new(Bytes(payload), Convert.FromBase64String(Signature));

    private ImagePolicy Policy() => new()
    {
        Name = "images.policies[0]",
        Images = [RepositoryPattern.Parse("**")],
        Action = PolicyAction.Require,
        Keys = [_key.Path],
    };

    // Empty when the policy is met.
    private string Outcome(CosignSignature signature, ImagePolicy? policy = null, string? image = null)
    {
        var check = new SignatureCheck(policy ?? Policy(), image is null ? _image : ImageReference.Parse(image), _signed);
        check.Add(signature, [_key]);
        return check.IsMet ? "" : check.Explain();
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
