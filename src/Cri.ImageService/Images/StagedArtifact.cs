namespace Cri.ImageService.Images;

/// <summary>The content of an artifact, durable but without names. Disposing removes what was not published.</summary>
/// <param name="Files">Its files as a volume shows them.</param>
/// <param name="Blobs">Their content, each once.</param>
internal sealed record StagedArtifact(IReadOnlyList<ArtifactFile> Files, IReadOnlyList<StagedBlob> Blobs) : IDisposable
{
    internal void Publish()
    {
        foreach (var blob in Blobs)
        {
            blob.Publish();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var blob in Blobs)
        {
            blob.Dispose();
        }
    }
}
