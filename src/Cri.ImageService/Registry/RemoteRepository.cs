using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Cri.ImageService.Hosts;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// The repository that an image is pulled from, over the hosts that serve it: each is tried in turn, and whatever
/// is asked for by digest is verified, so that a mirror need not be trusted.
/// </summary>
internal sealed partial class RemoteRepository(ImageReference reference, IReadOnlyList<RegistryHost> hosts, RegistryClient client)
{
    private const string DigestHeader = "Docker-Content-Digest";

    private readonly ConcurrentDictionary<RegistryHost, bool> _failing = new(ReferenceEqualityComparer.Instance);

    /// <summary>Asks which digest the reference stands for. Also done when it has one, since it proves the right to pull.</summary>
    /// <exception cref="ImageException">No host knows it, lets us in, or can be reached.</exception>
    internal Task<Digest> ResolveAsync(CancellationToken cancellation)
    {
        var needed = reference.Digest is null ? HostCapabilities.Pull | HostCapabilities.Resolve : HostCapabilities.Pull;
        return OnHostsAsync(needed, host => ResolveOnAsync(host, cancellation), cancellation);
    }

    /// <summary>Fetches a manifest or an index and verifies it.</summary>
    /// <exception cref="ImageException">No host has it in a form that is acceptable.</exception>
    internal Task<ManifestDocument> FetchManifestAsync(Digest digest, CancellationToken cancellation) =>
        OnHostsAsync(HostCapabilities.Pull, async host =>
        {
            var (content, type) = await FetchDocumentAsync(host, $"manifests/{digest}", BoundedBody.ManifestMax, cancellation);
            ManifestDocument.RefuseSchema1(host.Name, content, type);
            Verify(host, digest, content);
            return ManifestDocument.Parse(host.Name, digest, content, type);
        }, cancellation);

    /// <summary>Fetches a small blob whole and verifies it.</summary>
    /// <exception cref="ImageException">No host has it in a form that is acceptable.</exception>
    internal Task<byte[]> FetchBlobAsync(Descriptor blob, int max, CancellationToken cancellation) =>
        OnHostsAsync(HostCapabilities.Pull, async host =>
        {
            var (content, _) = await FetchDocumentAsync(host, $"blobs/{blob.Digest}", max, cancellation);
            Verify(host, blob.Digest, content);
            return content;
        }, cancellation);

    /// <summary>The repository's hosts that may be asked for content, the ones that failed last behind the others.</summary>
    /// <exception cref="ImageException">FAILED_PRECONDITION: there are none.</exception>
    internal HostRotation Hosts(HostCapabilities needed, int attempts)
    {
        var able = hosts.Where(host => (host.Capabilities & needed) == needed).ToList();
        return able.Count > 0
            ? new HostRotation(able.OrderBy(host => _failing.ContainsKey(host)), attempts, client.Options, client.Metrics)
            : throw new ImageException(
                StatusCode.FailedPrecondition, $"no host of {reference.Host} is configured with the capability to {needed}");
    }

    /// <summary>Asks a host for a part of a blob. The body is neither read nor verified yet.</summary>
    /// <exception cref="ImageException">The host does not serve it.</exception>
    internal async Task<HttpResponseMessage> OpenBlobAsync(
        RegistryHost host, Digest digest, long from, long? end, RedirectMemo redirect, CancellationToken cancellation)
    {
        var request = Request(host, HttpMethod.Get, $"blobs/{digest}") with { From = from, End = end, IsBulk = true, Redirect = redirect };
        return await client.SendAsync(host, request, cancellation);
    }

    /// <summary>Notes whether a host works, for the order in which hosts are asked next.</summary>
    internal void Note(RegistryHost host, bool works)
    {
        if (works)
        {
            _failing.TryRemove(host, out _);
        }
        else
        {
            _failing[host] = true;
        }
    }

    private async Task<Digest> ResolveOnAsync(RegistryHost host, CancellationToken cancellation)
    {
        var path = $"manifests/{reference.Digest?.ToString() ?? reference.Tag}";
        var told = await HeadAsync(host, path, cancellation);
        if (reference.Digest is not null || told is not null)
        {
            return reference.Digest ?? told!;
        }

        // Some registries leave the header out of HEAD, or refuse HEAD; the content then says it.
        var (content, _) = await FetchDocumentAsync(host, path, BoundedBody.ManifestMax, cancellation);
        return Digest.OfSha256(content);
    }

    // A digest that is asked for has been asked for even when the host does not do HEAD: its manifest is fetched next.
    private async Task<Digest?> HeadAsync(RegistryHost host, string path, CancellationToken cancellation)
    {
        var request = Request(host, HttpMethod.Head, path) with { Accept = MediaTypes.AcceptedManifests };
        try
        {
            using var response = await client.SendAsync(host, request, cancellation);
            return response.Headers.TryGetValues(DigestHeader, out var values) && Digest.TryParse(values.FirstOrDefault(), out var digest)
                ? digest
                : null;
        }
        catch (ImageException refusal) when (refusal.StatusCode == StatusCode.FailedPrecondition)
        {
            return null;
        }
    }

    private async Task<(byte[] Content, string? Type)> FetchDocumentAsync(
        RegistryHost host, string path, int max, CancellationToken cancellation)
    {
        var request = Request(host, HttpMethod.Get, path) with { Accept = path.StartsWith("manifests/") ? MediaTypes.AcceptedManifests : [] };
        try
        {
            using var response = await client.SendAsync(host, request, cancellation);
            var content = await BoundedBody.ReadAsync(response, max, client.Options, cancellation);
            return (content, response.Content.Headers.ContentType is MediaTypeHeaderValue type ? type.MediaType : null);
        }
        catch (InvalidDataException error)
        {
            throw new ImageException(StatusCode.FailedPrecondition, $"{host.Name}: {path}: {error.Message}", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
        {
            throw RegistryError.From($"{host.Name}: {path}", error);
        }
    }

    private RegistryRequest Request(RegistryHost host, HttpMethod method, string path)
    {
        var isOwn = host.Api.Authority == HostsDirectory.Default(reference.Host).Api.Authority;
        return new RegistryRequest(method, $"{reference.Repository}/{path}") { Namespace = isOwn ? null : reference.Host };
    }

    private static void Verify(RegistryHost host, Digest expected, byte[] content)
    {
        if (expected.OfSame(content) is var actual && actual != expected)
        {
            throw new ImageException(
                StatusCode.FailedPrecondition, $"{host.Name}: digest mismatch: asked for {expected}, got content with {actual}");
        }
    }

    private async Task<T> OnHostsAsync<T>(HostCapabilities needed, Func<RegistryHost, Task<T>> ask, CancellationToken cancellation)
    {
        var rotation = Hosts(needed, client.Options.MaxAttempts);
        while (true)
        {
            var host = rotation.Current;
            try
            {
                var answer = await ask(host);
                Note(host, works: true);
                return answer;
            }
            catch (ImageException failure)
            {
                Note(host, works: failure.StatusCode != StatusCode.Unavailable);
                await rotation.FailedAsync(failure, cancellation);
            }
        }
    }
}
