using System.Text.Json;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.ImageService.Registry;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>One pull of one image, from its name to its record. Use once.</summary>
internal sealed class ImagePull(
    ImageReference reference, Platform platform, RemoteRepository repository, RegistryClient client,
    LayerFetcher fetcher, ImageStore images, LayerStore layers)
{
    private const int IndexDepthMax = 4;

    private readonly DateTimeOffset _startedAt = DateTimeOffset.UtcNow;
    private readonly Dictionary<Digest, byte[]> _documents = [];
    private volatile IReadOnlyList<LayerSource> _sources = [];

    internal PullProgress Progress => new(reference.ToString(), _startedAt, [.. _sources.Select(source => source.Progress.Read())]);

    /// <summary>
    /// 1 resolves the name to a digest; 2 is done when that is here already; 3 reads the manifest, through an index to the
    /// platform's; 4 reads the configuration; 5 brings the layers; 6 stores the record, which makes the image visible.
    /// </summary>
    internal async Task<ImageRecord> RunAsync(CancellationToken cancellation)
    {
        // 1
        var resolved = await repository.ResolveAsync(cancellation);

        // 2
        if (await images.NameAsync(reference, resolved, cancellation) is { } known)
        {
            return known;
        }

        // 3
        var manifest = await FindManifestAsync(resolved, cancellation);

        // 4
        var image = await FetchImageAsync(manifest.Manifest!, cancellation);

        // 5
        _sources = PairLayers(manifest.Manifest!, image);
        var lease = await FetchLayersAsync(image, cancellation);

        // 6
        return await StoreAsync(resolved, manifest, image, lease, cancellation);
    }

    private async Task<ManifestDocument> FindManifestAsync(Digest digest, CancellationToken cancellation)
    {
        for (var depth = 0; depth < IndexDepthMax; depth++)
        {
            var document = await repository.FetchManifestAsync(digest, cancellation);
            _documents[digest] = document.Content;
            if (document.Index is null)
            {
                return document;
            }

            if (!PlatformSelector.TrySelect(document.Index, platform, out var chosen))
            {
                throw new ImageException(StatusCode.FailedPrecondition, $"no manifest for {platform}; there are: {Platforms(document.Index)}");
            }

            digest = chosen.Digest;
        }

        throw new ImageException(StatusCode.FailedPrecondition, $"more than {IndexDepthMax - 1} indexes inside each other");
    }

    private static string Platforms(ImageIndex index) =>
        string.Join(", ", index.Manifests.Select(manifest => manifest.Platform?.ToString()).OfType<string>().Distinct());

    private async Task<Image> FetchImageAsync(Manifest manifest, CancellationToken cancellation)
    {
        var content = await repository.FetchBlobAsync(manifest.Config, BoundedBody.ConfigMax, cancellation);
        _documents[manifest.Config.Digest] = content;
        try
        {
            var image = JsonSerializer.Deserialize(content, ImageJson.Default.Image);
            return image is { Rootfs.DiffIds: not null } && !image.Rootfs.DiffIds.Contains(null!)
                ? image
                : throw new JsonException("it has no rootfs.diff_ids");
        }
        catch (JsonException error)
        {
            throw new ImageException(
                StatusCode.FailedPrecondition, $"configuration {manifest.Config.Digest}: not an image configuration: {error.Message}", error);
        }
    }

    private static List<LayerSource> PairLayers(Manifest manifest, Image image)
    {
        var diffIds = image.Rootfs.DiffIds;
        if (manifest.Layers.Count != diffIds.Count)
        {
            throw new ImageException(
                StatusCode.FailedPrecondition, $"the manifest has {manifest.Layers.Count} layers, the configuration {diffIds.Count}");
        }

        var foreign = manifest.Layers.FirstOrDefault(layer => !MediaTypes.IsLayer(layer.MediaType));
        return foreign is null
            ? [.. manifest.Layers.Zip(diffIds, (blob, diffId) => new LayerSource(blob, diffId, new LayerMeter(blob)))]
            : throw new ImageException(
                StatusCode.FailedPrecondition, $"layer {foreign.Digest}: media type \"{foreign.MediaType}\" is not that of an image layer");
    }

    private async Task<LayerLease> FetchLayersAsync(Image image, CancellationToken cancellation)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var fetches = _sources.Select(source => FetchLayerAsync(source, others)).ToList();
        try
        {
            await ((Task)Task.WhenAll(fetches)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ThrowFirstFailure(fetches, cancellation);
            return layers.TryLease(image.Rootfs.DiffIds)
                ?? throw new ImageException(StatusCode.Internal, "a layer vanished while it was held");
        }
        finally
        {
            await ReleaseAsync(fetches);
        }
    }

    private async Task<LayerLease> FetchLayerAsync(LayerSource source, CancellationTokenSource others)
    {
        try
        {
            return await fetcher.EnsureAsync(repository, client, source, others.Token);
        }
        catch
        {
            // The image cannot become whole any more.
            await others.CancelAsync();
            throw;
        }
    }

    private static void ThrowFirstFailure(List<Task<LayerLease>> fetches, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var failures = fetches.Where(fetch => fetch.IsFaulted).Select(fetch => fetch.Exception!.InnerException!).ToList();
        if (failures.Count > 0)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failures[0]);
        }
    }

    // A layer may be on disk without a lease, when the wait for it ended just as it came.
    private async Task ReleaseAsync(List<Task<LayerLease>> fetches)
    {
        foreach (var fetch in fetches.Where(fetch => fetch.IsCompletedSuccessfully))
        {
            await (await fetch).DisposeAsync();
        }

        await layers.RemoveUnusedAsync(_sources.Select(source => source.DiffId).ToList());
    }

    private async Task<ImageRecord> StoreAsync(
        Digest resolved, ManifestDocument manifest, Image image, LayerLease lease, CancellationToken cancellation)
    {
        try
        {
            var size = manifest.Content.Length + manifest.Manifest!.Config.Size + manifest.Manifest.Layers.Sum(layer => layer.Size);
            var id = manifest.Manifest.Config.Digest;
            return await images.AddAsync(new NewImage(reference, resolved, id, image, size, _documents, lease), cancellation);
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }
}
