using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.ImageService.Signatures;

/// <summary>
/// The form of cosign from version 3 on: a sigstore bundle with a DSSE envelope around an in-toto statement, whose subject is
/// the image. It names no repository. Signatures over bare content (messageSignature) are not taken: they say nothing.
/// </summary>
internal sealed record SigstoreBundle(byte[] Statement, byte[] SignedBytes, IReadOnlyList<byte[]> Signatures)
    : CosignSignature(SignedBytes, Signatures)
{
    /// <summary>What the media types of all versions begin with.</summary>
    internal const string MediaTypePrefix = "application/vnd.dev.sigstore.bundle";

    private const string StatementType = "application/vnd.in-toto+json";
    private const string InTotoPrefix = "https://in-toto.io/Statement/v";
    private const string SignPredicate = "https://sigstore.dev/cosign/sign/v1";

    /// <summary>The signature in a bundle; null when it is of another kind.</summary>
    /// <exception cref="InvalidDataException">It is malformed.</exception>
    internal static SigstoreBundle? Parse(byte[] content)
    {
        try
        {
            var envelope = JsonSerializer.Deserialize(content, SignatureJson.Default.BundleDocument)?.DsseEnvelope;
            if (envelope is not { Payload: { } payload, PayloadType: StatementType, Signatures: { } signatures })
            {
                return null;
            }

            return new SigstoreBundle(
                payload, PreAuthenticationEncoding(StatementType, payload), [.. signatures.Take(SignaturesMax).Select(item => item?.Signature).OfType<byte[]>()]);
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            throw new InvalidDataException("is not a sigstore bundle", error);
        }
    }

    /// <inheritdoc/>
    internal override SignatureClaim ReadClaim()
    {
        try
        {
            var statement = JsonSerializer.Deserialize(Statement, SignatureJson.Default.InTotoStatement);
            if (statement is not { PredicateType: SignPredicate, Subject: [{ Digest: { } digests } subject] }
                || statement.Type?.StartsWith(InTotoPrefix, StringComparison.Ordinal) != true)
            {
                throw new InvalidDataException("states something else");
            }

            return new SignatureClaim(
                [.. digests.Select(pair => $"{pair.Key}:{pair.Value}")], Identity: null, SignatureClaim.TextsOf(subject.Annotations));
        }
        catch (JsonException error)
        {
            throw new InvalidDataException("has a statement that is not JSON of in-toto", error);
        }
    }

    // DSSE protocol: what is signed is the type and the body, each with its length.
    private static byte[] PreAuthenticationEncoding(string type, byte[] body) =>
        [.. Encoding.UTF8.GetBytes($"DSSEv1 {Encoding.UTF8.GetByteCount(type)} {type} {body.Length} "), .. body];
}

/// <summary>A bundle, as far as it is read: sigstore_bundle.proto in its JSON form.</summary>
internal sealed record BundleDocument
{
    [JsonPropertyName("dsseEnvelope")]
    public DsseEnvelope? DsseEnvelope { get; init; }
}

/// <summary>A DSSE envelope; bytes are base64 in JSON.</summary>
internal sealed record DsseEnvelope
{
    [JsonPropertyName("payload")]
    public byte[]? Payload { get; init; }

    [JsonPropertyName("payloadType")]
    public string? PayloadType { get; init; }

    [JsonPropertyName("signatures")]
    public IReadOnlyList<DsseSignature?>? Signatures { get; init; }
}

/// <summary>One signature of an envelope.</summary>
internal sealed record DsseSignature
{
    [JsonPropertyName("sig")]
    public byte[]? Signature { get; init; }
}

/// <summary>An in-toto statement.</summary>
internal sealed record InTotoStatement
{
    [JsonPropertyName("_type")]
    public string? Type { get; init; }

    [JsonPropertyName("predicateType")]
    public string? PredicateType { get; init; }

    [JsonPropertyName("subject")]
    public IReadOnlyList<InTotoSubject>? Subject { get; init; }
}

/// <summary>What a statement is about.</summary>
internal sealed record InTotoSubject
{
    [JsonPropertyName("digest")]
    public IReadOnlyDictionary<string, string>? Digest { get; init; }

    [JsonPropertyName("annotations")]
    public IReadOnlyDictionary<string, JsonElement>? Annotations { get; init; }
}

/// <summary>Source-generated JSON of signatures.</summary>
[JsonSourceGenerationOptions(MaxDepth = 32)]
[JsonSerializable(typeof(SimpleSigningPayload))]
[JsonSerializable(typeof(BundleDocument))]
[JsonSerializable(typeof(InTotoStatement))]
internal sealed partial class SignatureJson : JsonSerializerContext;
