using System.Collections.Concurrent;
using System.Net;
using Cri.ImageService.Hosts;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>One blob on the hosts that serve its repository: opens any part of it on any of them. Safe for several threads.</summary>
internal sealed class BlobSource(RemoteRepository repository, RegistryClient client, ImageServiceOptions options, Descriptor blob)
{
    private readonly ConcurrentDictionary<RegistryHost, RedirectMemo> _redirects = new(ReferenceEqualityComparer.Instance);

    /// <summary>What is fetched.</summary>
    internal Descriptor Blob => blob;

    /// <summary>How to retry and wait.</summary>
    internal ImageServiceOptions Options => options;

    /// <summary>What pulls may use together.</summary>
    internal TransferBudget Budget => client.Budget;

    /// <summary>Where bytes and retries are counted.</summary>
    internal PullMetrics Metrics => client.Metrics;

    /// <summary>The hosts, to be asked for one part, each so often without progress.</summary>
    internal HostRotation Hosts(int attempts) => repository.Hosts(HostCapabilities.Pull, attempts);

    /// <summary>Notes whether a host works.</summary>
    internal void Note(RegistryHost host, bool works) => repository.Note(host, works);

    /// <summary>
    /// The answer of a host from the byte <paramref name="from"/> on, up to <paramref name="end"/> or, when that is null, to the
    /// end of the blob. One that does not know about ranges answers 200 and begins at 0.
    /// </summary>
    /// <exception cref="ImageException">It does not serve it, or has another blob of this name.</exception>
    /// <exception cref="IOException">It answered with another part.</exception>
    internal async Task<HttpResponseMessage> OpenAsync(RegistryHost host, long from, long? end, CancellationToken cancellation)
    {
        var redirect = _redirects.GetOrAdd(host, static _ => new RedirectMemo());
        var response = await repository.OpenBlobAsync(host, blob.Digest, from, end, redirect, cancellation);
        try
        {
            CheckLength(host.Name, response, from);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    // A registry that says beforehand that it has another length has another blob, and no retry cures that.
    private void CheckLength(string host, HttpResponseMessage response, long from)
    {
        var isPart = response.StatusCode == HttpStatusCode.PartialContent;
        var range = response.Content.Headers.ContentRange;
        if (isPart && range?.From != from)
        {
            throw new IOException($"{host} answered with {range?.ToString() ?? "an unknown part"} when asked for bytes from {from} on");
        }

        var total = isPart ? range?.Length : response.Content.Headers.ContentLength;
        if (total is { } length && length != blob.Size)
        {
            throw new ImageException(
                StatusCode.FailedPrecondition, $"blob {blob.Digest}: {host} has {length} bytes, the manifest says {blob.Size}");
        }
    }
}
