using System.Text;
using Cri.Oci.Images;

namespace Cri.ImageService.Tests.Fixtures;

/// <summary>
/// A manifest that holds signatures, with its blobs, built to cosign's SIGNATURE_SPEC.md and BUNDLE_SPEC.md piece by piece, so that each
/// piece can be wrong.
/// </summary>
public sealed class CosignArtifact
{
    private const string Simple = "application/vnd.dev.cosign.simplesigning.v1+json";
    private const string Bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";

    private readonly List<string> _layers = [];
    private readonly string _more;

    /// <summary><paramref name="more"/> goes into the manifest: an artifactType or a subject.</summary>
    public CosignArtifact(string more = "")
    {
        _more = more;
        Config = Add("{}"u8.ToArray());
    }

    public Dictionary<Digest, byte[]> Blobs { get; } = [];

    public byte[] Manifest => Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}"{{_more}},"config":{{TestImage.Describe(MediaTypes.OciConfig, Config, 2)}},"layers":[{{string.Join(',', _layers)}}]}""");

    private Digest Config { get; }

    /// <summary>cosign's payload.</summary>
    public static byte[] Payload(
        string reference, Digest digest, string optional = "null", string type = "cosign container image signature") => Encoding.UTF8.GetBytes(
        $$"""{"critical":{"identity":{"docker-reference":"{{reference}}"},"image":{"docker-manifest-digest":"{{digest}}"},"type":"{{type}}"},"optional":{{optional}}}""");

    /// <summary>The tag that cosign puts an image's signatures under.</summary>
    public static string Tag(Digest digest) => $"sha256-{digest.Hex}.sig";

    public CosignArtifact Signature(SigningKey key, byte[] payload) => Signature(payload, key.Sign(payload));

    public CosignArtifact Signature(byte[] payload, byte[] signature, long? claimedSize = null)
    {
        var annotations = $$""","annotations":{"dev.cosignproject.cosign/signature":"{{Convert.ToBase64String(signature)}}"}""";
        _layers.Add(TestImage.Describe(Simple, Add(payload), claimedSize ?? payload.Length, annotations));
        return this;
    }

    /// <summary>A sigstore bundle with an in-toto statement about <paramref name="digest"/>.</summary>
    public CosignArtifact Statement(
        SigningKey key, Digest digest, string predicate = "https://sigstore.dev/cosign/sign/v1", string annotations = "{}")
    {
        const string type = "application/vnd.in-toto+json";
        var statement = Encoding.UTF8.GetBytes(
            $$$"""{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"{{{digest.Hex}}}"},"annotations":{{{annotations}}} }],"predicateType":"{{{predicate}}}","predicate":{}}""");
        byte[] signed = [.. Encoding.UTF8.GetBytes($"DSSEv1 {type.Length} {type} {statement.Length} "), .. statement];
        var bundle = Encoding.UTF8.GetBytes(
            $$$"""{"mediaType":"{{{Bundle}}}","verificationMaterial":{"publicKey":{"hint":"x"}},"dsseEnvelope":{"payload":"{{{Convert.ToBase64String(statement)}}}","payloadType":"{{{type}}}","signatures":[{"sig":"{{{Convert.ToBase64String(key.Sign(signed))}}}"}]}}""");
        _layers.Add(TestImage.Describe(Bundle, Add(bundle), bundle.Length));
        return this;
    }

    /// <summary>The index that lists manifests as the referrers of an image.</summary>
    public static byte[] Referrers(string artifactType, params byte[][] manifests) => Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{string.Join(',', manifests.Select(manifest =>
            TestImage.Describe(MediaTypes.OciManifest, Digest.OfSha256(manifest), manifest.Length, $$""","artifactType":"{{artifactType}}" """)))}}]}""");

    private Digest Add(byte[] content)
    {
        var digest = Digest.OfSha256(content);
        Blobs[digest] = content;
        return digest;
    }
}
