using System.Net.Http.Headers;
using Cri.ImageService.Hosts;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// The repository that an image is pulled from, over the hosts that serve it: each is tried in turn, and whatever
/// is asked for by digest is verified, so that a mirror need not be trusted.
/// </summary>
internal sealed class RemoteRepository(ImageReference reference, IReadOnlyList<RegistryHost> hosts, RegistryClient client)
{
    private const string DigestHeader = "Docker-Content-Digest";

    /// <summary>Asks which digest the reference stands for. Also done when it has one, since it proves the right to pull.</summary>
    /// <exception cref="ImageException">No host knows it, lets us in, or can be reached.</exception>
    internal Task<Digest> ResolveAsync(CancellationToken cancellation)
    {
        var needed = reference.Digest is null ? HostCapabilities.Pull | HostCapabilities.Resolve : HostCapabilities.Pull;
        return OnHostsAsync(needed, host => ResolveOnAsync(host, cancellation));
    }

    /// <summary>Fetches a manifest or an index and verifies it.</summary>
    /// <exception cref="ImageException">No host has it in a form that is acceptable.</exception>
    internal Task<ManifestDocument> FetchManifestAsync(Digest digest, CancellationToken cancellation) =>
        OnHostsAsync(HostCapabilities.Pull, async host =>
        {
            var (content, type) = await FetchDocumentAsync(host, $"manifests/{digest}", BoundedBody.ManifestMax, cancellation);
            Verify(host, digest, content);
            return ManifestDocument.Parse(host.Name, digest, content, type);
        });

    /// <summary>Fetches a small blob whole and verifies it.</summary>
    /// <exception cref="ImageException">No host has it in a form that is acceptable.</exception>
    internal Task<byte[]> FetchBlobAsync(Descriptor blob, int max, CancellationToken cancellation) =>
        OnHostsAsync(HostCapabilities.Pull, async host =>
        {
            var (content, _) = await FetchDocumentAsync(host, $"blobs/{blob.Digest}", max, cancellation);
            Verify(host, blob.Digest, content);
            return content;
        });

    /// <summary>Starts the download of a blob at an offset. The body is neither read nor verified yet.</summary>
    /// <exception cref="ImageException">No host has it.</exception>
    internal Task<(RegistryHost Host, HttpResponseMessage Response)> OpenBlobAsync(Digest digest, long from, CancellationToken cancellation) =>
        OnHostsAsync(HostCapabilities.Pull, async host =>
        {
            var request = Request(host, HttpMethod.Get, $"blobs/{digest}") with { From = from };
            return (host, await client.SendAsync(host, request, cancellation));
        });

    private async Task<Digest> ResolveOnAsync(RegistryHost host, CancellationToken cancellation)
    {
        var path = $"manifests/{reference.Digest?.ToString() ?? reference.Tag}";
        var request = Request(host, HttpMethod.Head, path) with { Accept = MediaTypes.AcceptedManifests };
        using var response = await client.SendAsync(host, request, cancellation);
        if (reference.Digest is not null)
        {
            return reference.Digest;
        }

        if (response.Headers.TryGetValues(DigestHeader, out var values) && Digest.TryParse(values.FirstOrDefault(), out var digest))
        {
            return digest;
        }

        // Some registries leave the header out of HEAD; the content then says it.
        var (content, _) = await FetchDocumentAsync(host, path, BoundedBody.ManifestMax, cancellation);
        return Digest.OfSha256(content);
    }

    private async Task<(byte[] Content, string? Type)> FetchDocumentAsync(
        RegistryHost host, string path, int max, CancellationToken cancellation)
    {
        var request = Request(host, HttpMethod.Get, path) with { Accept = path.StartsWith("manifests/") ? MediaTypes.AcceptedManifests : [] };
        try
        {
            using var response = await client.SendAsync(host, request, cancellation);
            var content = await BoundedBody.ReadAsync(response, max, cancellation);
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

    // The last host is the registry itself, so its answer gives the code; the words of all are told.
    private async Task<T> OnHostsAsync<T>(HostCapabilities needed, Func<RegistryHost, Task<T>> ask)
    {
        List<ImageException> failures = [];
        foreach (var host in hosts.Where(host => (host.Capabilities & needed) == needed))
        {
            try
            {
                return await ask(host);
            }
            catch (ImageException failure)
            {
                failures.Add(failure);
            }
        }

        throw failures switch
        {
            [] => new ImageException(StatusCode.FailedPrecondition, $"no host of {reference.Host} is configured with the capability to {needed}"),
            [var only] => only,
            _ => new ImageException(failures[^1].StatusCode, string.Join("; ", failures.Select(failure => failure.Message)), failures[^1]),
        };
    }
}
