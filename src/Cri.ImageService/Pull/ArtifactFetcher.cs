using Cri.ImageService.Images;

namespace Cri.ImageService.Pull;

/// <summary>Brings the content of an artifact onto the disk, each blob as it is, a few at once.</summary>
internal sealed class ArtifactFetcher(ImageStore images, IImageOrigin origin)
{
    private const int ParallelBlobs = 4;

    /// <summary>Brings everything, verified and durable; nothing of it is left when that fails.</summary>
    /// <param name="files">The files it is to have.</param>
    /// <param name="sources">The blobs, with the meters to tell, each once.</param>
    /// <param name="cancellation">Ends the transfers.</param>
    /// <exception cref="ImageException">A blob cannot be fetched, is not what it should be, or cannot be stored.</exception>
    internal async Task<StagedArtifact> FetchAsync(
        IReadOnlyList<ArtifactFile> files, IReadOnlyList<LayerSource> sources, CancellationToken cancellation)
    {
        var artifact = new StagedArtifact(files, [.. sources.Select(source => images.Stage(source.Blob.Digest))]);
        try
        {
            var limit = new ParallelOptions { MaxDegreeOfParallelism = ParallelBlobs, CancellationToken = cancellation };
            await Parallel.ForEachAsync(
                sources.Zip(artifact.Blobs), limit, async (pair, token) => await FetchAsync(pair.First, pair.Second, token));
            return artifact;
        }
        catch
        {
            artifact.Dispose();
            throw;
        }
    }

    private async Task FetchAsync(LayerSource source, StagedBlob blob, CancellationToken cancellation)
    {
        try
        {
            await blob.FillAsync(writer => origin.CopyAsync(source.Blob, writer, source.Progress.Report, cancellation));
            source.Progress.Finish();
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"blob {source.Blob.Digest}", error);
        }
    }
}
