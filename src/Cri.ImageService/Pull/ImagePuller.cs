using System.Collections.Concurrent;
using System.Diagnostics;
using Cri.ImageService.Auth;
using Cri.ImageService.Hosts;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.ImageService.Registry;
using Cri.ImageService.Signatures;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Pull;

/// <summary>
/// Pulls images. Identical pulls, by name and credentials, join one transfer; different ones share the layers they have in
/// common. A pull that fails or is cancelled leaves nothing behind.
/// </summary>
public sealed class ImagePuller : IDisposable
{
    /// <summary>How many different pulls may be under way, waiting ones among them.</summary>
    public const int MaxPulls = 256;

    private readonly ImageServiceOptions _options;
    private readonly ImageStore _images;
    private readonly LayerStore _layers;
    private readonly HostsDirectory _hosts;
    private readonly HttpConnections _connections;
    private readonly TokenSource _tokens;
    private readonly LayerFetcher _fetcher;
    private readonly PullMetrics _metrics = new();
    private readonly SharedOperations<PullKey, ImageRecord> _pulls = new();
    private readonly ConcurrentDictionary<ImagePull, bool> _running = new();
    private int _underWay;

    /// <summary>A puller that stores what it fetches in <paramref name="images"/> and <paramref name="layers"/>.</summary>
    public ImagePuller(ImageServiceOptions options, ImageStore images, LayerStore layers)
    {
        _options = options;
        _images = images;
        _layers = layers;
        _hosts = new HostsDirectory(options.HostsDir);
        _connections = new HttpConnections(options);
        _tokens = new TokenSource(_connections, options);
        _fetcher = new LayerFetcher(options, layers);
    }

    /// <summary>What an image may unpack to.</summary>
    internal LayerLimits Limits => _options.Limits;

    /// <summary>The pulls that run now, in no particular order.</summary>
    public IReadOnlyList<PullProgress> Running => [.. _running.Keys.Select(pull => pull.Progress)];

    /// <summary>How far the pull of a name is; null when none runs.</summary>
    public PullProgress? ProgressOf(string reference)
    {
        var name = ImageReference.TryParse(reference)?.Canonical().ToString();
        return _running.Keys.Select(pull => pull.Progress).FirstOrDefault(progress => progress.Reference == name);
    }

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
            _options.Policies.CheckName(name);
            var key = new PullKey(name.Canonical().ToString(), credentials);
            return await _pulls.JoinAsync(key, token => CountedAsync(name, credentials, token), cancellation);
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
        _metrics.Dispose();
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

    private async Task<ImageRecord> CountedAsync(ImageReference name, RegistryCredentials? credentials, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        var code = nameof(StatusCode.OK);
        try
        {
            return Interlocked.Increment(ref _underWay) <= MaxPulls
                ? await RunAsync(name, credentials, cancellation)
                : throw new ImageException(StatusCode.ResourceExhausted, $"{MaxPulls} pulls are under way, which is the limit; try again when some have ended");
        }
        catch (Exception error)
        {
            code = error is OperationCanceledException ? nameof(StatusCode.Cancelled) : ((error as ImageException)?.StatusCode ?? StatusCode.Internal).ToString();
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
            _metrics.CountPull(name.Host, code, Stopwatch.GetElapsedTime(since));
        }
    }

    private async Task<ImageRecord> RunAsync(ImageReference name, RegistryCredentials? credentials, CancellationToken cancellation)
    {
        var client = Client(name, credentials);
        var repository = new RemoteRepository(name, _hosts.Resolve(name.Host), client);
        var verifications = Verification(name, credentials, repository) is { } verification ? [verification] : Array.Empty<SignatureVerification>();
        var origin = new RegistryOrigin(repository, client, _options);
        var pull = new ImagePull(name.ToString(), [name], _options.Platform, origin, verifications, _fetcher, _images, _layers);
        try
        {
            return await TrackAsync(pull, () => pull.RunAsync(cancellation));
        }
        finally
        {
            _metrics.CountLayers(name.Host, pull.LayersPresent, pull.LayersMissing);
        }
    }

    /// <summary>
    /// Brings everything of an image from elsewhere than a registry, under the policies of its names. Whoever gets it stores it,
    /// or gives up its lease.
    /// </summary>
    internal async Task<NewImage> PrepareAsync(
        string subject, IReadOnlyList<ImageReference> names, Platform platform, IImageOrigin origin,
        Action<Func<PullProgress>>? tell, CancellationToken cancellation)
    {
        foreach (var name in names)
        {
            _options.Policies.CheckName(name);
        }

        var verifications = names
            .Select(name => Verification(name, null, new RemoteRepository(name, _hosts.Resolve(name.Host), Client(name, null))))
            .OfType<SignatureVerification>()
            .ToList();
        var pull = new ImagePull(subject, names, platform, origin, verifications, _fetcher, _images, _layers);
        tell?.Invoke(() => pull.Progress);
        return await TrackAsync(pull, () => pull.PrepareAsync(cancellation));
    }

    /// <summary>Refuses to give a name that only signed images may have to an image that is here: see <see cref="ImagePolicies.CheckLocalName"/>.</summary>
    internal void CheckLocalName(string what, ImageReference name)
    {
        try
        {
            _options.Policies.CheckLocalName(name);
        }
        catch (ImageException error)
        {
            throw error.During(what);
        }
    }

    private async Task<T> TrackAsync<T>(ImagePull pull, Func<Task<T>> run)
    {
        _running[pull] = true;
        try
        {
            return await run();
        }
        finally
        {
            _running.TryRemove(pull, out _);
        }
    }

    private RegistryClient Client(ImageReference name, RegistryCredentials? credentials) =>
        new(_connections, new RegistryAuthorizer(_tokens, credentials, name.Repository), _metrics, _options);

    // The credentials are for the image's registry, and no other may see them.
    private SignatureVerification? Verification(ImageReference name, RegistryCredentials? credentials, RemoteRepository repository)
    {
        if (_options.Policies.For(name) is not { Action: PolicyAction.Require } policy)
        {
            return null;
        }

        if (policy.SignatureRepository is { } elsewhere)
        {
            var client = Client(elsewhere, elsewhere.Host == name.Host ? credentials : null);
            repository = new RemoteRepository(elsewhere, _hosts.Resolve(elsewhere.Host), client);
        }

        return new SignatureVerification(policy, name, repository);
    }

    private sealed record PullKey(string Reference, RegistryCredentials? Credentials);
}
