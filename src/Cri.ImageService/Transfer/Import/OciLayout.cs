using Cri.ImageService.Registry;
using Cri.ImageService.Transfer.Archives;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Import;

/// <summary>Reads the index of an OCI layout (image-layout.md): which images there are, and what they are called.</summary>
internal sealed class OciLayout(IArchive archive, Platform platform)
{
    /// <summary>The file that says what a layout holds.</summary>
    internal const string IndexFile = "index.json";

    /// <summary>The annotation with a tag or a name (annotations.md).</summary>
    internal const string RefNameAnnotation = "org.opencontainers.image.ref.name";

    /// <summary>containerd's annotation with the complete name; Docker and BuildKit write it too.</summary>
    internal const string ImageNameAnnotation = "io.containerd.image.name";

    private const string AttestationAnnotation = "vnd.docker.reference.type";

    /// <summary>The images in the layout. Of manifests with the same name the one for the platform counts.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: it is malformed, or has no image for the platform.</exception>
    internal IReadOnlyList<ArchivedImage> Read()
    {
        var index = archive.ReadJson(IndexFile, BoundedBody.ManifestMax, ImageJson.Default.ImageIndex);
        if (index.Manifests is null || index.Manifests.Contains(null!))
        {
            throw ArchiveContent.Refused(archive, IndexFile, "the index is not whole");
        }

        var parts = ArchivedParts.OfLayout(archive);
        var entries = index.Manifests.Where(IsImage).Select(manifest => (Manifest: manifest, Names: NamesOf(manifest))).ToList();
        var named = entries
            .SelectMany(entry => entry.Names.Select(name => (name, entry.Manifest)))
            .GroupBy(pair => pair.name, pair => pair.Manifest)
            .Select(group => new NamedManifest(Choose(group, $"image \"{group.Key}\""), group.Key));
        var nameless = entries.Where(entry => entry.Names.Count == 0).Select(entry => entry.Manifest).ToList();
        var images = named.Concat(Nameless(nameless).Select(manifest => new NamedManifest(manifest, null)))
            .GroupBy(pair => pair.Manifest.Digest)
            .Select(group => new ArchivedImage([.. group.Select(pair => pair.Name).OfType<string>()], group.Key, group.First().Manifest.MediaType, parts))
            .ToList();
        return images.Count > 0 ? images : throw ArchiveContent.Refused(archive, IndexFile, "it names no image");
    }

    // Attestations and other artifacts lie beside the images that they are about.
    private static bool IsImage(Descriptor manifest) =>
        (manifest.MediaType is null || MediaTypes.IsIndex(manifest.MediaType) || MediaTypes.IsManifest(manifest.MediaType))
        && manifest.Annotations?.ContainsKey(AttestationAnnotation) != true;

    private static List<string> NamesOf(Descriptor manifest)
    {
        var annotations = manifest.Annotations;
        var name = annotations?.GetValueOrDefault(ImageNameAnnotation) is { Length: > 0 } whole ? whole
            : annotations?.GetValueOrDefault(RefNameAnnotation) is { Length: > 0 } reference ? reference
            : null;
        return name is null ? [] : [name];
    }

    // Without names, manifests that say their platforms are the variants of one image.
    private IEnumerable<Descriptor> Nameless(List<Descriptor> manifests)
    {
        var variants = manifests.Where(manifest => manifest.Platform is not null).ToList();
        var others = manifests.Where(manifest => manifest.Platform is null);
        return variants.Count == 0 ? others : others.Append(Choose(variants, "the image"));
    }

    private Descriptor Choose(IEnumerable<Descriptor> manifests, string subject)
    {
        var variants = new ImageIndex { Manifests = [.. manifests] };
        if (PlatformSelector.TrySelect(variants, platform, out var chosen))
        {
            return chosen;
        }

        var offered = string.Join(", ", variants.Manifests.Select(manifest => manifest.Platform?.ToString()).OfType<string>().Distinct());
        throw new ImageException(
            StatusCode.FailedPrecondition, $"{archive.Subject}: {subject}: no manifest for {platform}; there are: {offered}");
    }

    private sealed record NamedManifest(Descriptor Manifest, string? Name);
}
