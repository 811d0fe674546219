using System.Text.Json;
using Cri.Api.CrispV1;
using Cri.Oci.Images;
using Google.Protobuf;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>Inspect.</summary>
public sealed partial class ImagesServer
{
    /// <summary>Everything about one image: its names, its layers and where they lie, its history, and its documents as they came.</summary>
    public override Task<InspectResponse> Inspect(InspectRequest request, ServerCallContext context)
    {
        var record = Find("inspect image", request.Image);
        var config = _images.ReadConfiguration(record);
        var manifest = _images.ReadManifests(record).FirstOrDefault();
        var image = record.Files is null ? JsonSerializer.Deserialize(config, ImageJson.Default.Image) : null;
        var layers = Layers(record, manifest?.Manifest).ToList();
        var response = new InspectResponse
        {
            ImageId = record.Id,
            Pinned = record.Pinned,
            PulledAt = (record.PulledAt - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick,
            Size = (ulong)record.Size,
            DiskSize = layers.Aggregate(0ul, (sum, layer) => sum + layer.DiskSize),
            Platform = image is null ? "" : new Platform { Os = image.Os ?? "", Architecture = image.Architecture ?? "", Variant = image.Variant }.ToString(),
            ManifestDigest = manifest?.Digest.ToString() ?? "",
            Config = ByteString.CopyFrom(image is null ? [] : config),
            Manifest = ByteString.CopyFrom(manifest?.Content ?? []),
        };
        response.Tags.AddRange(record.RepoTags);
        response.Digests.AddRange(record.RepoDigests);
        response.Layers.AddRange(layers);
        response.History.AddRange(History(image, layers));
        return Task.FromResult(response);
    }

    private IEnumerable<ImageLayer> Layers(ImageRecord record, Manifest? manifest)
    {
        foreach (var (diffId, index) in record.DiffIds.Select((diffId, index) => (diffId, index)))
        {
            var blob = manifest?.Layers.ElementAtOrDefault(index);
            yield return new ImageLayer
            {
                Digest = blob?.Digest.ToString() ?? "",
                DiffId = diffId.ToString(),
                Size = (ulong)(blob?.Size ?? 0),
                DiskSize = (ulong)(_layers.Find(diffId)?.Usage.Bytes ?? 0),
                Name = record.Layers[index],
                Images = (uint)_images.Images.Count(other => other.DiffIds.Contains(diffId)),
                Kept = blob is not null && _images.HasBlob(blob.Digest),
            };
        }
    }

    private static IEnumerable<HistoryStep> History(Image? image, IReadOnlyList<ImageLayer> layers)
    {
        var next = 0;
        foreach (var step in image?.History ?? [])
        {
            var layer = step.EmptyLayer == true ? null : layers.ElementAtOrDefault(next++);
            yield return new HistoryStep
            {
                Created = step.Created ?? "",
                CreatedBy = step.CreatedBy ?? "",
                Comment = step.Comment ?? "",
                EmptyLayer = step.EmptyLayer ?? false,
                DiffId = layer?.DiffId ?? "",
                DiskSize = layer?.DiskSize ?? 0,
            };
        }
    }
}
