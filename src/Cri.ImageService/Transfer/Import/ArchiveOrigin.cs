using System.IO.Pipelines;
using Cri.ImageService.Pull;
using Cri.ImageService.Registry;
using Cri.Oci.Images;

namespace Cri.ImageService.Transfer.Import;

/// <summary>An image in an archive.</summary>
internal sealed class ArchiveOrigin(ArchivedImage image) : IImageOrigin
{
    private readonly LocalOrigin _layers = new(blob => image.Parts.Open(blob));

    /// <inheritdoc/>
    public Task<Digest> ResolveAsync(CancellationToken cancellation) => Task.FromResult(image.Root);

    /// <inheritdoc/>
    public Task<ManifestDocument> FetchManifestAsync(Digest digest, CancellationToken cancellation)
    {
        var type = digest == image.Root ? image.RootType : null;
        return Task.FromResult(ManifestDocument.Parse(image.Parts.Archive.Subject, digest, image.Parts.Read(digest, BoundedBody.ManifestMax), type));
    }

    /// <inheritdoc/>
    public Task<byte[]> FetchBlobAsync(Descriptor blob, int max, CancellationToken cancellation) =>
        Task.FromResult(image.Parts.Read(blob.Digest, max));

    /// <inheritdoc/>
    public Task CopyAsync(Descriptor blob, PipeWriter sink, Action<long> progress, CancellationToken cancellation) =>
        _layers.CopyAsync(blob, sink, progress, cancellation);
}
