using System.Collections.Concurrent;
using Cri.ImageService.Auth;
using Cri.ImageService.Hosts;
using Cri.ImageService.Layers;
using Cri.ImageService.Registry;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>
/// Pulls images. Identical pulls, by name and credentials, join one transfer; different ones share the layers they have in
/// common. A pull that fails or is cancelled leaves nothing behind.
/// </summary>
public sealed class ImagePuller : IDisposable
{
    private readonly ImageServiceOptions _options;
    private readonly ImageStore _images;
    private readonly LayerStore _layers;
    private readonly HostsDirectory _hosts;
    private readonly HttpConnections _connections;
    private readonly TokenSource _tokens;
    private readonly LayerFetcher _fetcher;
    private readonly SharedOperations<PullKey, ImageRecord> _pulls = new();
    private readonly ConcurrentDictionary<ImagePull, bool> _running = new();

    /// <summary>A puller that stores what it fetches in <paramref name="images"/> and <paramref name="layers"/>.</summary>
    public ImagePuller(ImageServiceOptions options, ImageStore images, LayerStore layers)
    {
        _options = options;
        _images = images;
        _layers = layers;
        _hosts = new HostsDirectory(options.HostsDir);
        _connections = new HttpConnections(options.UserAgent, options.StallTimeout);
        _tokens = new TokenSource(_connections);
        _fetcher = new LayerFetcher(options, layers);
    }

    /// <summary>The pulls that run now, in no particular order.</summary>
    public IReadOnlyList<PullProgress> Running => [.. _running.Keys.Select(pull => pull.Progress)];

    /// <summary>
    /// Pulls an image and returns its record. When the digest that the name stands for is here already, only the
    /// registry's word for it is asked.
    /// </summary>
    /// <param name="reference">The name, complete or short.</param>
    /// <param name="credentials">For hosts that ask; null for none.</param>
    /// <param name="cancellation">Ends this wait; the transfer goes on while someone else waits for the same.</param>
    /// <exception cref="ImageException">It failed; the message names the reference, the host or blob, and the cause.</exception>
    public async Task<ImageRecord> PullAsync(string reference, RegistryCredentials? credentials, CancellationToken cancellation)
    {
        var name = Parse(reference);
        try
        {
            var key = new PullKey(name.Canonical().ToString(), credentials);
            return await _pulls.JoinAsync(key, token => RunAsync(name, credentials, token), cancellation);
        }
        catch (ImageException error)
        {
            throw error.During($"pull {name}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connections.Dispose();
        _fetcher.Dispose();
    }

    private static ImageReference Parse(string reference)
    {
        try
        {
            return ImageReference.Parse(reference).Canonical();
        }
        catch (FormatException error)
        {
            throw new ImageException(StatusCode.InvalidArgument, error.Message, error);
        }
    }

    private async Task<ImageRecord> RunAsync(ImageReference name, RegistryCredentials? credentials, CancellationToken cancellation)
    {
        var client = new RegistryClient(_connections, new RegistryAuthorizer(_tokens, credentials, name.Repository), _options);
        var repository = new RemoteRepository(name, _hosts.Resolve(name.Host), client);
        var pull = new ImagePull(name, _options.Platform, repository, client, _fetcher, _images, _layers);
        _running[pull] = true;
        try
        {
            return await pull.RunAsync(cancellation);
        }
        finally
        {
            _running.TryRemove(pull, out _);
        }
    }

    private sealed record PullKey(string Reference, RegistryCredentials? Credentials);
}
