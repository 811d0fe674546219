using System.Text.Json;
using Cri.ImageService.Registry;
using Cri.ImageService.Transfer.Import;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Export;

/// <summary>
/// An export as an OCI layout. An image all of whose compressed layers are kept goes out as it came, digest for digest; one
/// whose layers are not gets a manifest of its own, and the same configuration.
/// </summary>
internal sealed class OciForm(ExportWriter writer) : IExportForm
{
    private readonly List<Descriptor> _index = [];

    /// <inheritdoc/>
    public async Task<ExportedImage> AddAsync(SelectedImage image)
    {
        using var kept = Select(writer.Images.ReadManifests(image.Record));
        var unchanged = kept is { Layers.AreAll: true };
        var (digest, content, type) = unchanged ? await AddUnchangedAsync(image.Record, kept!) : await AddAnewAsync(image.Record, kept);
        await AddDocumentAsync(digest, content);
        Name(new Descriptor { MediaType = type, Digest = digest, Size = content.Length }, image.Names);
        return new ExportedImage(image.Record.Id, digest.ToString(), unchanged);
    }

    /// <inheritdoc/>
    public async Task FinishAsync()
    {
        var index = new ImageIndex { SchemaVersion = 2, MediaType = MediaTypes.OciIndex, Manifests = _index };
        await writer.AddAsync("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());
        await writer.AddAsync(OciLayout.IndexFile, JsonSerializer.SerializeToUtf8Bytes(index, ImageJson.Default.ImageIndex));
    }

    private static string FileOf(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    private Task AddDocumentAsync(Digest digest, byte[] content) => writer.AddAsync(FileOf(digest), content);

    // The first manifest whose layers are all kept, or else the last.
    private Selected? Select(IReadOnlyList<ManifestDocument> manifests)
    {
        Selected? selected = null;
        foreach (var document in manifests)
        {
            selected?.Dispose();
            selected = new Selected(document, KeptLayers.Open(writer.Images, document.Manifest!));
            if (selected.Layers.AreAll)
            {
                break;
            }
        }

        return selected;
    }

    private async Task<(Digest Digest, byte[] Content, string Type)> AddUnchangedAsync(ImageRecord record, Selected selected)
    {
        var manifest = selected.Document.Manifest!;
        await AddDocumentAsync(manifest.Config.Digest, writer.Images.ReadDocument(record, manifest.Config.Digest));
        foreach (var layer in manifest.Layers.DistinctBy(layer => layer.Digest))
        {
            await writer.AddKeptAsync(FileOf(layer.Digest), layer, selected.Layers.Take(layer.Digest)!);
        }

        return (selected.Document.Digest, selected.Document.Content, manifest.MediaType ?? MediaTypes.OciManifest);
    }

    private async Task<(Digest Digest, byte[] Content, string Type)> AddAnewAsync(ImageRecord record, Selected? selected)
    {
        if (record.Files is not null)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{record.Id} is an artifact, and not all of it is kept");
        }

        var original = selected?.Document.Manifest;
        List<Descriptor> layers = [];
        foreach (var (diffId, index) in record.DiffIds.Select((diffId, index) => (diffId, index)))
        {
            layers.Add(await AddLayerAsync(diffId, original?.Layers.ElementAtOrDefault(index), selected?.Layers));
        }

        var config = Digest.Parse(record.Id);
        var configuration = writer.Images.ReadConfiguration(record);
        await AddDocumentAsync(config, configuration);
        var manifest = new Manifest
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor { MediaType = MediaTypes.OciConfig, Digest = config, Size = configuration.Length },
            Layers = layers,
            Annotations = original?.Annotations,
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(manifest, ImageJson.Default.Manifest);
        return (Digest.OfSha256(content), content, MediaTypes.OciManifest);
    }

    private async Task<Descriptor> AddLayerAsync(Digest diffId, Descriptor? original, KeptLayers? kept)
    {
        if (original is null || kept?.Take(original.Digest) is not { } file)
        {
            return await writer.AddAssembledAsync(diffId, layer => FileOf(layer.Digest));
        }

        await writer.AddKeptAsync(FileOf(original.Digest), original, file);
        return original;
    }

    // The whole name in both annotations: what reads only the standard one finds the same image again.
    private void Name(Descriptor manifest, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            _index.Add(manifest);
        }

        foreach (var name in names)
        {
            _index.Add(manifest with
            {
                Annotations = new Dictionary<string, string>
                {
                    [OciLayout.ImageNameAnnotation] = name,
                    [OciLayout.RefNameAnnotation] = name,
                },
            });
        }
    }

    private sealed record Selected(ManifestDocument Document, KeptLayers Layers) : IDisposable
    {
        public void Dispose() => Layers.Dispose();
    }
}
