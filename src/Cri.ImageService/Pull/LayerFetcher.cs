using System.IO.Pipelines;
using Cri.ImageService.Layers;
using Cri.ImageService.Registry;
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

    private readonly SemaphoreSlim _slots = new(options.MaxParallelLayers);
    private readonly SharedOperations<Digest, Layer> _transfers = new();

    /// <summary>Makes sure that a layer is on disk, and holds it.</summary>
    /// <exception cref="ImageException">It cannot be fetched or is not acceptable; nothing of it is left.</exception>
    internal async Task<LayerLease> EnsureAsync(
        RemoteRepository repository, RegistryClient client, LayerSource source, CancellationToken cancellation)
    {
        while (true)
        {
            if (layers.TryLease([source.DiffId]) is { } lease)
            {
                source.Progress.Finish();
                return lease;
            }

            // Between the end of the transfer and the lease another pull that failed may have removed it: then again.
            await JoinAsync(repository, client, source, cancellation);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private async Task JoinAsync(RemoteRepository repository, RegistryClient client, LayerSource source, CancellationToken cancellation)
    {
        var isOurs = false;
        try
        {
            await _transfers.JoinAsync(
                source.DiffId,
                token =>
                {
                    isOurs = true;
                    return TransferAsync(repository, client, source, token);
                },
                cancellation);
        }
        catch (ImageException) when (!isOurs)
        {
            // Another pull's transfer failed, with its hosts and credentials; ours may not.
        }
    }

    private async Task<Layer> TransferAsync(
        RemoteRepository repository, RegistryClient client, LayerSource source, CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        try
        {
            using var unfinished = layers.Begin();
            using var download = new BlobDownload(repository, client, options, source.Blob, source.Progress.Report);
            var tree = await StreamAsync(download, source, unfinished.TreePath, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return await layers.CommitAsync(unfinished, source.DiffId, tree);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"layer {source.Blob.Digest}", error);
        }
        finally
        {
            _slots.Release();
        }
    }

    private static async Task<ExtractedTree> StreamAsync(
        BlobDownload download, LayerSource source, string directory, CancellationToken cancellation)
    {
        var pipe = new System.IO.Pipelines.Pipe(new PipeOptions(pauseWriterThreshold: Window, resumeWriterThreshold: Window / 2, useSynchronizationContext: false));
        var downloading = DownloadAsync(download, pipe.Writer, cancellation);
        var extracting = Task.Factory.StartNew(
            () => Extract(pipe.Reader, source, directory), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.WhenAll(downloading, extracting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // A broken or wrong download makes the extraction fail as well; then the download tells the cause.
        await downloading;
        return await extracting;
    }

    private static async Task DownloadAsync(BlobDownload download, PipeWriter sink, CancellationToken cancellation)
    {
        try
        {
            await download.CopyToAsync(sink, cancellation);
            await sink.CompleteAsync();
        }
        catch (Exception error)
        {
            await sink.CompleteAsync(error);
            throw;
        }
    }

    // Runs on a thread of its own, since it blocks on the disk and on the download.
    private static ExtractedTree Extract(PipeReader reader, LayerSource source, string directory)
    {
        try
        {
            var compressed = reader.AsStream(leaveOpen: true);
            using var plain = LayerCompression.Open(compressed, Peek(reader));
            using var hashing = new HashingStream(plain, source.DiffId);
            var tree = LayerExtractor.Extract(new BufferedStream(hashing, 64 * 1024), directory);
            var actual = hashing.Finish();
            compressed.CopyTo(Stream.Null);
            return actual == source.DiffId ? tree : throw new LayerFormatException(
                $"its uncompressed content has digest {actual}, the image configuration says {source.DiffId}");
        }
        catch (Exception error) when (error is LayerFormatException or InvalidDataException)
        {
            // Damage is told best by the digest of the whole, which the download has only at its end.
            reader.AsStream(leaveOpen: true).CopyTo(Stream.Null);
            throw new ImageException(StatusCode.FailedPrecondition, $"layer {source.Blob.Digest}: {error.Message}", error);
        }
        finally
        {
            reader.Complete();
        }
    }

    private static byte[] Peek(PipeReader reader)
    {
        var result = reader.ReadAtLeastAsync(LayerCompression.MagicLength).AsTask().GetAwaiter().GetResult();
        var start = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, LayerCompression.MagicLength));
        var magic = System.Buffers.BuffersExtensions.ToArray(start);
        reader.AdvanceTo(result.Buffer.Start);
        return magic;
    }
}
