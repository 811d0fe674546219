using System.Collections.Concurrent;
using System.IO.Pipelines;
using Cri.ImageService.Layers;
using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>
/// Brings layers onto the disk: download, decompression and extraction at the same time, with both digests verified on the
/// way and only a small window in memory. Pulls that need the same layer share one transfer. At most so many at once.
/// </summary>
internal sealed class LayerFetcher(ImageServiceOptions options, LayerStore layers) : IDisposable
{
    // How far a download may run ahead of the extraction, in bytes.
    private const int Window = 1 << 20;

    private readonly StorageLayout _layout = new(options.Root);
    private readonly SemaphoreSlim _slots = new(options.MaxParallelLayers);
    private readonly SharedOperations<Digest, Layer> _transfers = new();
    private readonly ConcurrentDictionary<Digest, LayerMeter> _meters = new();

    /// <summary>Makes sure that a layer is on disk, and holds it.</summary>
    /// <exception cref="ImageException">It cannot be fetched or is not acceptable; nothing of it is left.</exception>
    internal async Task<LayerLease> EnsureAsync(ILayerOrigin origin, LayerSource source, CancellationToken cancellation)
    {
        while (true)
        {
            if (layers.TryLease([source.DiffId]) is { } lease)
            {
                source.Progress.Finish();
                return lease;
            }

            // Between the end of the transfer and the lease another pull that failed may have removed it: then again.
            await JoinAsync(origin, source, cancellation);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private async Task JoinAsync(ILayerOrigin origin, LayerSource source, CancellationToken cancellation)
    {
        var isOurs = false;
        source.Progress.Follow(() => _meters.GetValueOrDefault(source.DiffId));
        try
        {
            await _transfers.JoinAsync(
                source.DiffId,
                token =>
                {
                    isOurs = true;
                    return TransferAsync(origin, source, token);
                },
                cancellation);
        }
        catch (ImageException) when (!isOurs)
        {
            // Another pull's transfer failed, with its hosts and credentials; ours may not.
        }
    }

    private async Task<Layer> TransferAsync(ILayerOrigin origin, LayerSource source, CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        using var span = Spans.Begin("layer", source.Blob.Digest.ToString());
        _meters[source.DiffId] = source.Progress;
        try
        {
            return await BringKeptAsync(source, cancellation) ?? await BringAsync(origin, source, options.KeepBlobs, cancellation);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"layer {source.Blob.Digest}", error);
        }
        finally
        {
            _meters.TryRemove(source.DiffId, out _);
            _slots.Release();
        }
    }

    // A compressed layer that is kept needs no network; one that turns out to be damaged is fetched anew.
    private async Task<Layer?> BringKeptAsync(LayerSource source, CancellationToken cancellation)
    {
        var path = _layout.Blob(source.Blob.Digest);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return await BringAsync(new LocalOrigin(_ => File.OpenRead(path)), source, keep: false, cancellation);
        }
        catch (Exception error) when (error is FileNotFoundException or ImageException { StatusCode: StatusCode.FailedPrecondition })
        {
            File.Delete(path);
            source.Progress.Report(0);
            return null;
        }
    }

    private async Task<Layer> BringAsync(ILayerOrigin origin, LayerSource source, bool keep, CancellationToken cancellation)
    {
        using var unfinished = layers.Begin();
        FaultPoint.Reach(FaultPoints.PullLayerBegun);
        using var kept = keep ? new KeptBlob(_layout.Blob(source.Blob.Digest)) : null;
        var tree = await StreamAsync(origin, source, new LayerUnpacking(source, unfinished, options.Limits, kept), cancellation);
        FaultPoint.Reach(FaultPoints.PullLayerExtracted);
        cancellation.ThrowIfCancellationRequested();
        using var span = Spans.Begin("write to disk");
        kept?.Finish();
        var layer = await layers.CommitAsync(unfinished, source.DiffId, tree);
        kept?.Publish();
        return layer;
    }

    private static async Task<ExtractedTree> StreamAsync(
        ILayerOrigin origin, LayerSource source, LayerUnpacking unpacking, CancellationToken cancellation)
    {
        var pipe = new System.IO.Pipelines.Pipe(new PipeOptions(pauseWriterThreshold: Window, resumeWriterThreshold: Window / 2, useSynchronizationContext: false));
        var copying = CopyAsync(origin, source, pipe.Writer, cancellation);

        // On a thread of its own, since it blocks on the disk and on the download.
        var extracting = Task.Factory.StartNew(
            () => unpacking.Run(pipe.Reader), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAll(copying, extracting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // A broken or wrong download makes the extraction fail as well; then the download tells the cause.
        await copying;
        return await extracting;
    }

    private static async Task CopyAsync(ILayerOrigin origin, LayerSource source, PipeWriter sink, CancellationToken cancellation)
    {
        try
        {
            await origin.CopyAsync(source.Blob, sink, source.Progress.Report, cancellation);
            await sink.CompleteAsync();
        }
        catch (Exception error)
        {
            await sink.CompleteAsync(error);
            throw;
        }
    }
}
