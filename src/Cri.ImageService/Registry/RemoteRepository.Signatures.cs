using Cri.ImageService.Hosts;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>What hangs on an image: signatures and other referrers. It is not verified here, since nothing but itself says what it should be.</summary>
internal sealed partial class RemoteRepository
{
    /// <summary>
    /// The manifest or index that a tag stands for now; null when there is no such tag. Every host may be asked, since what
    /// signatures hang on is not believed for the host's sake.
    /// </summary>
    /// <exception cref="ImageException">The hosts cannot be asked, or refuse.</exception>
    internal async Task<byte[]?> TryFetchTaggedAsync(string tag, CancellationToken cancellation)
    {
        try
        {
            return await OnHostsAsync(HostCapabilities.Pull, async host =>
                (await FetchDocumentAsync(host, $"manifests/{tag}", BoundedBody.ManifestMax, cancellation)).Content, cancellation);
        }
        catch (ImageException error) when (error.StatusCode == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>
    /// The first page of the index of what refers to a manifest, by the distribution specification's referrers API; null when
    /// the registry does not have that API.
    /// </summary>
    /// <exception cref="ImageException">The hosts cannot be asked, or refuse.</exception>
    internal async Task<byte[]?> TryFetchReferrersAsync(Digest subject, CancellationToken cancellation)
    {
        try
        {
            return await OnHostsAsync(HostCapabilities.Pull, async host =>
                (await FetchDocumentAsync(host, $"referrers/{subject}", BoundedBody.ManifestMax, cancellation)).Content, cancellation);
        }
        catch (ImageException error) when (error.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition)
        {
            // 404 by the specification; registries from before it answer 400, 405 or 406 as well.
            return null;
        }
    }

    /// <summary>Fetches a manifest that may be of any kind, and verifies its digest.</summary>
    /// <exception cref="ImageException">No host has it.</exception>
    internal Task<byte[]> FetchReferrerAsync(Digest digest, CancellationToken cancellation) =>
        OnHostsAsync(HostCapabilities.Pull, async host =>
        {
            var (content, _) = await FetchDocumentAsync(host, $"manifests/{digest}", BoundedBody.ManifestMax, cancellation);
            Verify(host, digest, content);
            return content;
        }, cancellation);
}
