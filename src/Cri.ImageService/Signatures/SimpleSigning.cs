using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cri.ImageService.Signatures;

/// <summary>
/// The form of cosign up to version 2: a "simple signing" payload (containers-signature(5)) in a blob, and a signature over
/// it in the annotation of the blob's descriptor. cosign's SIGNATURE_SPEC.md.
/// </summary>
internal sealed record SimpleSigning(byte[] Payload, byte[] Signature) : CosignSignature(Payload, [Signature])
{
    /// <summary>The payload's media type.</summary>
    internal const string MediaType = "application/vnd.dev.cosign.simplesigning.v1+json";

    /// <summary>The annotation with the signature in base64.</summary>
    internal const string SignatureAnnotation = "dev.cosignproject.cosign/signature";

    private const string PayloadType = "cosign container image signature";

    /// <inheritdoc/>
    internal override SignatureClaim ReadClaim()
    {
        try
        {
            var payload = JsonSerializer.Deserialize(Payload, SignatureJson.Default.SimpleSigningPayload);
            return payload?.Critical is { Type: PayloadType, Image.ManifestDigest: { } digest } critical
                ? new SignatureClaim([digest], NullIfEmpty(critical.Identity?.DockerReference), SignatureClaim.TextsOf(payload.Optional))
                : throw new InvalidDataException("says nothing about an image");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException("has a payload that is not JSON of cosign's", error);
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>The payload: <c>{"critical": ..., "optional": ...}</c>.</summary>
internal sealed record SimpleSigningPayload
{
    [JsonPropertyName("critical")]
    public SimpleSigningCritical? Critical { get; init; }

    [JsonPropertyName("optional")]
    public IReadOnlyDictionary<string, JsonElement>? Optional { get; init; }
}

/// <summary>What a verifier must understand.</summary>
internal sealed record SimpleSigningCritical
{
    [JsonPropertyName("type")]
    public string? Type { get; init; }

    [JsonPropertyName("image")]
    public SimpleSigningImage? Image { get; init; }

    [JsonPropertyName("identity")]
    public SimpleSigningIdentity? Identity { get; init; }
}

/// <summary>Which content is signed.</summary>
internal sealed record SimpleSigningImage
{
    [JsonPropertyName("docker-manifest-digest")]
    public string? ManifestDigest { get; init; }
}

/// <summary>Under which name it is signed.</summary>
internal sealed record SimpleSigningIdentity
{
    [JsonPropertyName("docker-reference")]
    public string? DockerReference { get; init; }
}
