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
                : throw new InvalidDataException(MediaTypes.IsSchema1(type)
                    ? "it is in Docker's obsolete schema 1 format, which is not supported; push the image again with a current tool"
                    : $"media type \"{type}\" is not that of an image");
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or InvalidOperationException)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{subject}: manifest {digest}: {error.Message}", error);
        }
    }

    private static string? MediaTypeOf(byte[] content, string? headerType)
    {
        using var json = JsonDocument.Parse(content);
        var root = json.RootElement;
        var (hasManifests, hasLayers) = (root.TryGetProperty("manifests", out _), root.TryGetProperty("layers", out _));
        if (hasManifests && hasLayers)
        {
            throw new InvalidDataException("it has both \"manifests\" and \"layers\", so it is ambiguous");
        }

        if (root.TryGetProperty("mediaType", out var own) && own.ValueKind == JsonValueKind.String)
        {
            return own.GetString();
        }

        var isKnown = MediaTypes.IsIndex(headerType) || MediaTypes.IsManifest(headerType) || MediaTypes.IsSchema1(headerType);
        return isKnown ? headerType : hasManifests ? MediaTypes.OciIndex : hasLayers ? MediaTypes.OciManifest : headerType;
    }

    private static ImageIndex Checked(ImageIndex? index) =>
        index is { Manifests: not null } && !index.Manifests.Contains(null!) ? index : throw new InvalidDataException("the index is not whole");

    private static Manifest Checked(Manifest? manifest)
    {
        if (manifest is not { Config: not null, Layers: not null } || manifest.Layers.Contains(null!))
        {
            throw new InvalidDataException("the manifest is not whole");
        }

        var wrong = manifest.Layers.Append(manifest.Config).FirstOrDefault(blob => blob.Size < 0);
        return wrong is null ? manifest : throw new InvalidDataException($"blob {wrong.Digest} has a negative size");
    }
}
