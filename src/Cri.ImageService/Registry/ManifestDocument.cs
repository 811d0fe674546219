using System.Text.Json;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>A manifest or an index as a registry served it, with the digest that its bytes have.</summary>
internal sealed record ManifestDocument
{
    internal required Digest Digest { get; init; }

    internal required byte[] Content { get; init; }

    /// <summary>Set when it is an index.</summary>
    internal ImageIndex? Index { get; private init; }

    /// <summary>Set when it is the manifest of one image.</summary>
    internal Manifest? Manifest { get; private init; }

    /// <summary>
    /// Reads the document. What it says about itself counts before what the HTTP header says, since only the former is
    /// covered by the digest; a document that could be read both ways is refused.
    /// </summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: it is neither, or malformed.</exception>
    internal static ManifestDocument Parse(string subject, Digest digest, byte[] content, string? headerType)
    {
        try
        {
            var type = MediaTypeOf(content, headerType);
            var document = new ManifestDocument { Digest = digest, Content = content };
            if (MediaTypes.IsIndex(type))
            {
                return document with { Index = Checked(JsonSerializer.Deserialize(content, ImageJson.Default.ImageIndex)) };
            }

            return MediaTypes.IsManifest(type)
                ? document with { Manifest = Checked(JsonSerializer.Deserialize(content, ImageJson.Default.Manifest)) }
                : throw new InvalidDataException($"media type \"{type}\" is not that of an image");
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or InvalidOperationException)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{subject}: manifest {digest}: {error.Message}", error);
        }
    }

    /// <summary>
    /// Refuses Docker's schema 1. To be called before the digest is verified: of a signed one it covers less than the document.
    /// </summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: it is schema 1.</exception>
    internal static void RefuseSchema1(string subject, byte[] content, string? headerType)
    {
        if (MediaTypes.IsSchema1(headerType) || HasSchema1Layers(content))
        {
            throw new ImageException(
                StatusCode.FailedPrecondition,
                $"{subject}: the manifest is in Docker's obsolete schema 1 format, which is not supported; pull and push the image again with a "
                + "current tool, such as skopeo copy --format v2s2");
        }
    }

    // Only to tell what it is: a registry may not say so.
    private static bool HasSchema1Layers(byte[] content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("fsLayers", out _);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static string? MediaTypeOf(byte[] content, string? headerType)
    {
        using var json = JsonDocument.Parse(content);
        var root = json.RootElement;
        CheckKeys(root, StringComparer.OrdinalIgnoreCase);
        var (hasManifests, hasLayers) = (root.TryGetProperty("manifests", out _), root.TryGetProperty("layers", out _));
        if (hasManifests && hasLayers)
        {
            throw new InvalidDataException("it has both \"manifests\" and \"layers\", so it is ambiguous");
        }

        if (root.TryGetProperty("mediaType", out var own) && own.ValueKind == JsonValueKind.String)
        {
            return own.GetString();
        }

        var isKnown = MediaTypes.IsIndex(headerType) || MediaTypes.IsManifest(headerType);
        return isKnown ? headerType : hasManifests ? MediaTypes.OciIndex : hasLayers ? MediaTypes.OciManifest : headerType;
    }

    // Of a key that comes twice one reader takes the first value and another one the last; some do not tell the case of letters apart.
    private static void CheckKeys(JsonElement element, StringComparer comparer)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            var keys = new HashSet<string>(comparer);
            foreach (var property in element.EnumerateObject())
            {
                if (!keys.Add(property.Name))
                {
                    throw new InvalidDataException($"it has \"{property.Name}\" twice, so it is ambiguous");
                }

                CheckKeys(property.Value, StringComparer.Ordinal);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                CheckKeys(item, StringComparer.Ordinal);
            }
        }
    }

    private static ImageIndex Checked(ImageIndex? index) =>
        index is { Manifests: not null } && !index.Manifests.Contains(null!) ? index : throw new InvalidDataException("the index is not whole");

    private static Manifest Checked(Manifest? manifest)
    {
        if (manifest is not { Config: not null, Layers: not null } || manifest.Layers.Contains(null!))
        {
            throw new InvalidDataException("the manifest is not whole");
        }

        var sizes = new Dictionary<Digest, long>();
        var total = Int128.Zero;
        foreach (var blob in manifest.Layers.Append(manifest.Config))
        {
            if (blob.Size < 0 || sizes.GetValueOrDefault(blob.Digest, blob.Size) != blob.Size)
            {
                throw new InvalidDataException($"blob {blob.Digest} has {(blob.Size < 0 ? "a negative size" : "two sizes")}");
            }

            sizes[blob.Digest] = blob.Size;
            total += blob.Size;
        }

        return total <= long.MaxValue ? manifest : throw new InvalidDataException("the sizes of its blobs are beyond all measure");
    }
}
