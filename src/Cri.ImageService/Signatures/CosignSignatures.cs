using System.Runtime.CompilerServices;
using System.Text.Json;
using Cri.ImageService.Registry;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Signatures;

/// <summary>
/// Finds the signatures that a repository has for a digest, in the order of what is asked first: the manifest tagged
/// <c>sha256-HEX.sig</c> (cosign's tag-based discovery), the referrers API of OCI 1.1, and its fallback tag <c>sha256-HEX</c>. What a
/// registry says is bounded: so many signatures and referrers, none of them large.
/// </summary>
internal sealed class CosignSignatures(RemoteRepository repository)
{
    /// <summary>How many signatures of one digest are looked at.</summary>
    internal const int SignaturesMax = 64;

    /// <summary>How many referrers of one digest are looked at.</summary>
    internal const int ReferrersMax = 64;

    // A bundle with a certificate and log entries has about 16 KiB.
    private const int BlobMax = 256 * 1024;
    private const int SignatureBytesMax = 4096;
    private const int TagMax = 128;
    private const int FallbackHexMax = 64;

    /// <summary>Looks lazily, so that nothing is asked for after the caller has found enough.</summary>
    /// <param name="subject">The digest of a manifest or an index.</param>
    /// <param name="skipped">Told why something that may have been a signature is none.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <exception cref="ImageException">The registry cannot be asked.</exception>
    internal async IAsyncEnumerable<CosignSignature> FindAsync(
        Digest subject, Action<string> skipped, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var count = 0;
        await foreach (var manifest in ManifestsAsync(subject, skipped, cancellation))
        {
            foreach (var blob in manifest.Layers)
            {
                if (!IsSignature(blob))
                {
                    continue;
                }

                if (++count > SignaturesMax)
                {
                    skipped($"is beyond the first {SignaturesMax}");
                    yield break;
                }

                if (await FetchAsync(blob, skipped, cancellation) is { } signature)
                {
                    yield return signature;
                }
            }
        }
    }

    /// <summary>The tag that cosign puts the signatures of a digest under; null when it would be too long for one.</summary>
    internal static string? SignatureTag(Digest subject) =>
        $"{subject.Algorithm}-{subject.Hex}.sig" is { Length: <= TagMax } tag ? tag : null;

    /// <summary>The tag of the index of referrers in a registry without that API: the distribution specification's referrers tag schema.</summary>
    internal static string ReferrersTag(Digest subject) =>
        $"{subject.Algorithm}-{subject.Hex[..Math.Min(subject.Hex.Length, FallbackHexMax)]}";

    private async IAsyncEnumerable<Manifest> ManifestsAsync(
        Digest subject, Action<string> skipped, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (SignatureTag(subject) is { } tag
            && Parse(await repository.TryFetchTaggedAsync(tag, cancellation), ImageJson.Default.Manifest, skipped) is { Layers: not null } tagged)
        {
            yield return tagged;
        }

        var seen = new HashSet<Digest>();
        foreach (var ask in new[] { AskApiAsync, AskTagAsync })
        {
            var index = Parse(await ask(subject, cancellation), ImageJson.Default.ImageIndex, skipped);
            foreach (var referrer in (index?.Manifests ?? []).Where(item => item is not null && MayBeSignature(item) && seen.Add(item.Digest)))
            {
                if (seen.Count > ReferrersMax)
                {
                    skipped($"is beyond the first {ReferrersMax} referrers");
                    yield break;
                }

                var content = await OrSkippedAsync(repository.FetchReferrerAsync(referrer.Digest, cancellation), skipped);
                if (Parse(content, ImageJson.Default.Manifest, skipped) is { Layers: not null } manifest)
                {
                    yield return manifest;
                }
            }
        }
    }

    private Task<byte[]?> AskApiAsync(Digest subject, CancellationToken cancellation) => repository.TryFetchReferrersAsync(subject, cancellation);

    private Task<byte[]?> AskTagAsync(Digest subject, CancellationToken cancellation) =>
        repository.TryFetchTaggedAsync(ReferrersTag(subject), cancellation);

    // The type in a list that a client wrote may be wrong (cosign 3.1 writes that of the empty configuration), so only what is
    // clearly something else is passed over.
    private static bool MayBeSignature(Descriptor referrer) =>
        referrer.ArtifactType is null or "application/vnd.oci.empty.v1+json" or "application/vnd.oci.image.config.v1+json"
        || referrer.ArtifactType.StartsWith("application/vnd.dev.cosign.", StringComparison.Ordinal)
        || referrer.ArtifactType.StartsWith(SigstoreBundle.MediaTypePrefix, StringComparison.Ordinal);

    private static bool IsSignature(Descriptor? blob) =>
        blob?.MediaType == SimpleSigning.MediaType || blob?.MediaType?.StartsWith(SigstoreBundle.MediaTypePrefix, StringComparison.Ordinal) == true;

    private static T? Parse<T>(byte[]? content, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, Action<string> skipped)
        where T : class
    {
        try
        {
            return content is null ? null : JsonSerializer.Deserialize(content, type);
        }
        catch (JsonException)
        {
            skipped("is listed in a malformed document");
            return null;
        }
    }

    private async Task<CosignSignature?> FetchAsync(Descriptor blob, Action<string> skipped, CancellationToken cancellation)
    {
        if (blob.Size is < 0 or > BlobMax)
        {
            skipped($"has more than {BlobMax} bytes");
            return null;
        }

        if (await OrSkippedAsync(repository.FetchBlobAsync(blob, BlobMax, cancellation), skipped) is not { } content)
        {
            return null;
        }

        try
        {
            return blob.MediaType == SimpleSigning.MediaType ? ReadSimple(blob, content) : SigstoreBundle.Parse(content);
        }
        catch (InvalidDataException error)
        {
            skipped(error.Message);
            return null;
        }
    }

    // What is damaged or gone must not hide the signatures beside it.
    private static async Task<byte[]?> OrSkippedAsync(Task<byte[]> fetch, Action<string> skipped)
    {
        try
        {
            return await fetch;
        }
        catch (ImageException error) when (error.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
        {
            skipped("is listed, but is gone or damaged");
            return null;
        }
    }

    private static SimpleSigning ReadSimple(Descriptor blob, byte[] payload)
    {
        var signature = new byte[SignatureBytesMax];
        return blob.Annotations?.GetValueOrDefault(SimpleSigning.SignatureAnnotation) is { } text
            && Convert.TryFromBase64String(text, signature, out var length)
            ? new SimpleSigning(payload, signature[..length])
            : throw new InvalidDataException("has no signature in its annotations");
    }
}
