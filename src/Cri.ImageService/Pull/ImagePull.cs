using System.Text.Json;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.ImageService.Registry;
using Cri.ImageService.Signatures;
using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>One image on its way from a registry or an archive, from its name to its record. Use once.</summary>
internal sealed class ImagePull(
    string subject, IReadOnlyList<ImageReference> names, Platform platform, IImageOrigin origin,
    IReadOnlyList<SignatureVerification> verifications, LayerFetcher fetcher, ImageStore images, LayerStore layers)
{
    private const int IndexDepthMax = 4;

    private static readonly Image _noImage = new() { Rootfs = new RootFs { DiffIds = [] } };

    private readonly DateTimeOffset _startedAt = DateTimeOffset.UtcNow;
    private readonly Dictionary<Digest, byte[]> _documents = [];
    private ManifestDocument? _manifest;
    private volatile IReadOnlyList<LayerSource> _sources = [];

    internal PullProgress Progress => new(subject, _startedAt, [.. _sources.Select(source => source.Progress.Read())]);

    /// <summary>How many of its layers were here before; 0 until it is known.</summary>
    internal int LayersPresent { get; private set; }

    /// <summary>How many of its layers were not; 0 until it is known.</summary>
    internal int LayersMissing { get; private set; }

    /// <summary>
    /// 1 resolves the name to a digest; 2 makes sure that this is signed, where the policy says so, even when it is here
    /// already; 3 is done when it is; 4 reads the manifest, through an index to the platform's; 5 reads the configuration;
    /// 6 brings the layers; 7 stores the record, which makes the image visible.
    /// </summary>
    internal async Task<ImageRecord> RunAsync(CancellationToken cancellation)
    {
        // 1, 2
        var resolved = await ResolveAsync(cancellation);

        // 3
        if (await images.NameAsync(names[0], resolved, cancellation) is { } known)
        {
            return known;
        }

        // 4, 5, 6
        var image = await BringAsync(resolved, cancellation);

        // 7
        return await StoreAsync(image, cancellation);
    }

    /// <summary>All but the last step, whether the image is here or not: whoever gets the image stores it, or gives up its lease.</summary>
    internal async Task<NewImage> PrepareAsync(CancellationToken cancellation) =>
        await BringAsync(await ResolveAsync(cancellation), cancellation);

    private async Task<Digest> ResolveAsync(CancellationToken cancellation)
    {
        using var span = Spans.Begin("resolve");
        var resolved = await origin.ResolveAsync(cancellation);
        foreach (var verification in verifications)
        {
            await verification.VerifyAsync(resolved, async () => (await ManifestAsync(resolved, cancellation)).Digest, cancellation);
        }

        return resolved;
    }

    private async Task<NewImage> BringAsync(Digest resolved, CancellationToken cancellation)
    {
        using var describing = Spans.Begin("manifest and configuration");
        var document = await ManifestAsync(resolved, cancellation);
        var manifest = document.Manifest!;
        if (manifest.Artifact is not null)
        {
            return await BringArtifactAsync(resolved, document, cancellation);
        }

        var image = await FetchImageAsync(manifest, cancellation);
        _sources = PairLayers(manifest, image);
        LayersPresent = _sources.Count(source => layers.Find(source.DiffId) is not null);
        LayersMissing = _sources.Count - LayersPresent;
        FaultPoint.Reach(FaultPoints.PullDescribed);
        describing?.Stop();
        var lease = await FetchLayersAsync(image, cancellation);
        FaultPoint.Reach(FaultPoints.PullLayersHeld);
        var size = document.Content.Length + manifest.Config.Size + manifest.Layers.Sum(layer => layer.Size);
        return new NewImage(names, resolved, manifest.Config.Digest, image, size, _documents, lease) { Blobs = Blobs };
    }

    private IReadOnlyList<Digest> Blobs => [.. _sources.Select(source => source.Blob.Digest)];

    private async Task<NewImage> BringArtifactAsync(Digest resolved, ManifestDocument document, CancellationToken cancellation)
    {
        var manifest = document.Manifest!;
        var files = ArtifactContent.FilesOf(manifest);
        _documents[manifest.Config.Digest] = await origin.FetchBlobAsync(manifest.Config, BoundedBody.ConfigMax, cancellation);
        _sources = [.. manifest.Layers.DistinctBy(layer => layer.Digest)
            .Where(layer => files.Any(file => file.Digest == layer.Digest))
            .Select(layer => new LayerSource(layer, layer.Digest, new LayerMeter(layer)))];
        var artifact = await new ArtifactFetcher(images, origin).FetchAsync(files, _sources, cancellation);
        var size = document.Content.Length + manifest.Config.Size + files.Sum(file => file.Size);
        return new NewImage(names, resolved, document.Digest, _noImage, size, _documents, layers.TryLease(Array.Empty<Digest>())!) { Artifact = artifact };
    }

    private async Task<ManifestDocument> ManifestAsync(Digest resolved, CancellationToken cancellation) =>
        _manifest ??= await FindManifestAsync(resolved, cancellation);

    private async Task<ManifestDocument> FindManifestAsync(Digest digest, CancellationToken cancellation)
    {
        for (var depth = 0; depth < IndexDepthMax; depth++)
        {
            var document = await origin.FetchManifestAsync(digest, cancellation);
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
        var content = await origin.FetchBlobAsync(manifest.Config, BoundedBody.ConfigMax, cancellation);
        _documents[manifest.Config.Digest] = content;
        try
        {
            var image = JsonSerializer.Deserialize(content, ImageJson.Default.Image);
            return image is null || image.Rootfs.DiffIds.Contains(null!) ? throw new JsonException("it has no rootfs.diff_ids")
                : image.Config?.HasNulls == true ? throw new JsonException("it has a null in a list of words")
                : image;
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

        if (diffIds.Distinct().Count() is > LayerStack.Max and var count)
        {
            throw new ImageException(
                StatusCode.FailedPrecondition, $"the image has {count} layers, and no more than {LayerStack.Max} can be mounted; build it with fewer, larger ones");
        }

        foreach (var layer in manifest.Layers.Where(layer => !MediaTypes.IsLayer(layer.MediaType)))
        {
            throw new ImageException(StatusCode.FailedPrecondition, MediaTypes.IsForeignLayer(layer.MediaType)
                ? $"layer {layer.Digest} is foreign (\"{layer.MediaType}\"): its publisher keeps it from registries, as Windows' base layers are; "
                    + "such images are not supported, so build it on another base, or push it again with that layer as an ordinary one"
                : $"layer {layer.Digest}: media type \"{layer.MediaType}\" is not that of an image layer");
        }

        var totals = new UnpackedTotals();
        return [.. manifest.Layers.Zip(diffIds, (blob, diffId) => new LayerSource(blob, diffId, new LayerMeter(blob)) { ImageTotals = totals })];
    }

    private async Task<LayerLease> FetchLayersAsync(Image image, CancellationToken cancellation)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // Large ones first, so that the last one to come is short.
        var fetches = _sources.OrderByDescending(source => source.Blob.Size).Select(source => FetchLayerAsync(source, others)).ToList();
        try
        {
            await ((Task)Task.WhenAll(fetches)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ThrowFirstFailure(fetches, cancellation);
            return layers.TryLease(image.Rootfs.DiffIds)
                ?? throw new ImageException(StatusCode.Internal, "a layer vanished while it was held");
        }
        catch
        {
            await images.RemoveUnusedBlobsAsync(Blobs);
            throw;
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
            return await fetcher.EnsureAsync(origin, source, others.Token);
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

    private async Task<ImageRecord> StoreAsync(NewImage image, CancellationToken cancellation)
    {
        using var span = Spans.Begin("store");
        try
        {
            return await images.AddAsync(image, cancellation);
        }
        catch
        {
            await images.GiveUpAsync(image);
            throw;
        }
    }
}
