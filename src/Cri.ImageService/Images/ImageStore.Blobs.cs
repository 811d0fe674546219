using Cri.ImageService.Images;
using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>Compressed layers that are kept. An image is whole without them; they serve exports and repairs.</summary>
public sealed partial class ImageStore
{
    /// <summary>True when a compressed layer is kept.</summary>
    internal bool HasBlob(Digest digest) => _documents.FindDamage(digest) is null;

    /// <summary>Opens a compressed layer that is kept; null when it is not. What is open stays whole when its image is removed.</summary>
    /// <exception cref="IOException">It is there and cannot be opened.</exception>
    internal FileStream? OpenBlob(Digest digest)
    {
        try
        {
            return new FileStream(_layout.Blob(digest), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Gives up what a new image holds, when it does not become visible.</summary>
    internal async Task GiveUpAsync(NewImage image)
    {
        image.Artifact?.Dispose();
        await image.Lease.DisposeAsync();
        await RemoveUnusedBlobsAsync([.. image.Blobs, .. image.Documents.Keys, .. image.Artifact?.Files.Select(file => file.Digest) ?? []]);
    }

    /// <summary>Removes those of these blobs that no image names: after a pull that failed.</summary>
    internal async Task RemoveUnusedBlobsAsync(IReadOnlyList<Digest> blobs)
    {
        await _changing.WaitAsync(CancellationToken.None);
        try
        {
            DeleteUnused(blobs);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Gives up a compressed layer that is damaged.</summary>
    internal async Task DropBlobAsync(Digest blob, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            _documents.Delete(blob);
            List<ImageRecord> affected = [.. _catalog.Images.Where(image => image.Blobs.Contains(blob))];
            foreach (var image in affected.Select(image => image with { Blobs = [.. image.Blobs.Where(other => other != blob)] }))
            {
                Write(image);
                _catalog = _catalog.With([image]);
            }
        }
        finally
        {
            _changing.Release();
        }
    }
}
