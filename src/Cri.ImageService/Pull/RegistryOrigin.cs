using System.IO.Pipelines;
using Cri.ImageService.Registry;
using Cri.Oci.Images;

namespace Cri.ImageService.Pull;

/// <summary>An image in a repository of a registry.</summary>
internal sealed class RegistryOrigin(RemoteRepository repository, RegistryClient client, ImageServiceOptions options) : IImageOrigin
{
    /// <inheritdoc/>
    public Task<Digest> ResolveAsync(CancellationToken cancellation) => repository.ResolveAsync(cancellation);

    /// <inheritdoc/>
    public Task<ManifestDocument> FetchManifestAsync(Digest digest, CancellationToken cancellation) =>
        repository.FetchManifestAsync(digest, cancellation);

    /// <inheritdoc/>
    public Task<byte[]> FetchBlobAsync(Descriptor blob, int max, CancellationToken cancellation) =>
        repository.FetchBlobAsync(blob, max, cancellation);

    /// <inheritdoc/>
    public async Task CopyAsync(Descriptor blob, PipeWriter sink, Action<long> progress, CancellationToken cancellation)
    {
        using var download = new BlobDownload(repository, client, options, blob, progress);
        await download.CopyToAsync(sink, cancellation);
    }
}
