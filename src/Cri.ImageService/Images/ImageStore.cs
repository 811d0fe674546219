using System.Text.Json;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>
/// The images that are here. Reads are answered from an immutable snapshot and never wait; a change is written to disk
/// first and then becomes visible at once. One small file an image, under <c>images/</c>, is what makes it exist. An image
/// of which something is damaged or missing is known, but not shown, until a pull has repaired it.
/// <code>
/// --AddAsync--> shown --RetireAsync--> hidden --AddAsync of it, or of another with the layer--> shown --RemoveAsync-->
/// </code>
/// </summary>
public sealed partial class ImageStore : IDisposable
{
    private readonly StorageLayout _layout;
    private readonly LayerStore _layers;
    private readonly DocumentStore _documents;
    private readonly Dictionary<string, LayerLease> _leases = [];

    // Orders changes to the files; readers never take it.
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly IReadOnlyList<ImageNamePattern> _pinned;
    private volatile ImageCatalog _catalog = ImageCatalog.Empty;
    private volatile ImageCatalog _hidden = ImageCatalog.Empty;

    // A newer version of the program recorded images: what they consist of is not known, so no document goes for want of one that names it.
    private bool _hasNewerRecords;

    private ImageStore(StorageLayout layout, LayerStore layers, DocumentStore documents, IReadOnlyList<ImageNamePattern> pinned)
    {
        _layout = layout;
        _layers = layers;
        _documents = documents;
        _pinned = pinned;
    }

    /// <summary>All images, ordered by id.</summary>
    public IReadOnlyList<ImageRecord> Images => _catalog.Images;

    /// <summary>Images of which something is damaged or missing, so that they cannot be used before they are pulled again, ordered by id.</summary>
    public IReadOnlyList<ImageRecord> DamagedImages => _hidden.Images;

    /// <summary>All images, damaged ones too, each once.</summary>
    internal IEnumerable<ImageRecord> Known => _catalog.Images.Concat(_hidden.Images).DistinctBy(image => image.Id);

    /// <summary>The directory that everything about images lies in.</summary>
    public string Root => _layout.Root;

    /// <summary>The space that blobs and records take.</summary>
    public FileSystemUsage DocumentUsage => BlobUsage + RecordUsage;

    /// <summary>The space that indexes, manifests, configurations and kept layers take.</summary>
    public FileSystemUsage BlobUsage => FileSystemUsage.OfTree(_layout.Blobs) ?? FileSystemUsage.None;

    /// <summary>The space that records take.</summary>
    public FileSystemUsage RecordUsage => FileSystemUsage.OfTree(_layout.Images) ?? FileSystemUsage.None;

    /// <summary>What was wrong with records that <see cref="Open"/> had to drop; empty when nothing was.</summary>
    public IReadOnlyList<string> Problems { get; private set; } = [];

    /// <summary>
    /// The image with this id, name or unambiguous beginning of an id; null when there is none. Short names are completed;
    /// of a name with tag and digest the digest counts.
    /// </summary>
    public ImageRecord? Find(string idOrReference) => _catalog.Find(idOrReference);

    /// <summary>As <see cref="Find"/>, for damaged images.</summary>
    public ImageRecord? FindDamaged(string idOrReference) => _hidden.Find(idOrReference);

    /// <summary>
    /// Removes an image with all its names, damaged or not. Its layers go from disk, in the background, when no other image and
    /// no container needs them. False when there is no such image.
    /// </summary>
    /// <exception cref="ImageException">Its record cannot be removed from disk.</exception>
    public Task<bool> RemoveAsync(string id, CancellationToken cancellation) => RemoveAsync(id, _ => true, cancellation);

    /// <summary>As <see cref="RemoveAsync(string, CancellationToken)"/>, if <paramref name="mayGo"/> still says so when it is its turn.</summary>
    internal async Task<bool> RemoveAsync(string id, Func<ImageRecord, bool> mayGo, CancellationToken cancellation)
    {
        LayerLease? lease;
        await _changing.WaitAsync(cancellation);
        try
        {
            if ((_catalog.ById(id) ?? _hidden.ById(id)) is not { } record || !mayGo(record))
            {
                return false;
            }

            AtomicFile.Delete(_layout.Image(Digest.Parse(id)));
            FaultPoint.Reach(FaultPoints.RemoveImageRecordRemoved);
            _catalog = _catalog.Without(id);
            _hidden = _hidden.Without(id);
            _leases.Remove(id, out lease);
            DeleteUnused(record.Content);
            FaultPoint.Reach(FaultPoints.RemoveImageDocumentsRemoved);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"remove image {id}", error);
        }
        finally
        {
            _changing.Release();
        }

        await (lease?.DisposeAsync() ?? ValueTask.CompletedTask);
        FaultPoint.Reach(FaultPoints.RemoveImageReleased);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    /// <summary>A place for a large blob of an image that is not visible yet.</summary>
    internal StagedBlob Stage(Digest digest) => _documents.Stage(digest);

    /// <summary>Makes an image visible, under its names and beside those it has already. A tag leaves the image that had it.</summary>
    internal async Task<ImageRecord> AddAsync(NewImage image, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            return await AddOrderedAsync(image);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"store image {image.Names.FirstOrDefault()?.ToString() ?? image.Id.ToString()}", error);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Gives an image that is here already, known by the digest <paramref name="resolved"/> in the same repository, this name
    /// too. Null when it is not here.
    /// </summary>
    internal async Task<ImageRecord?> NameAsync(ImageReference name, Digest resolved, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            if (_catalog.ByName(name.AtDigest(resolved)) is not { } known)
            {
                return null;
            }

            var tags = known.RepoTags.Union(TagsOf(name));
            return Publish(known with { RepoTags = [.. tags], PulledAt = DateTimeOffset.UtcNow });
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"store image {name}", error);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task<ImageRecord> AddOrderedAsync(NewImage image)
    {
        if (!image.Lease.Layers.All(_layers.IsSound))
        {
            throw new ImageException(StatusCode.Unavailable, $"image {image.Id}: a layer was found damaged meanwhile; pull it again");
        }

        foreach (var (digest, content) in image.Documents)
        {
            _documents.Write(digest, content);
        }

        FaultPoint.Reach(FaultPoints.PullDocumentsWritten);
        image.Artifact?.Publish();
        var id = image.Id.ToString();
        var record = Publish(Merge(image, _catalog.ById(id) ?? _hidden.ById(id)));
        FaultPoint.Reach(FaultPoints.PullRecordWritten);
        await HoldAsync(record.Id, image.Lease);
        await ShowRepairedAsync();
        return record;
    }

    // What an image held before is a part of it, or the same.
    private async Task HoldAsync(string id, LayerLease lease)
    {
        _leases.Remove(id, out var before);
        _leases.Add(id, lease);
        await (before?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private ImageRecord Publish(ImageRecord changed)
    {
        var record = WithPin(changed);
        Write(record);
        var losers = WithoutTags(_catalog, record);
        var hiddenLosers = WithoutTags(_hidden, record);
        losers.Concat(hiddenLosers).ToList().ForEach(TryWrite);
        _catalog = _catalog.With([.. losers, record]);
        _hidden = _hidden.Without(record.Id).With(hiddenLosers);
        return record;
    }

    // Patterns may change from one start to the next, so the record on disk does not count.
    private ImageRecord WithPin(ImageRecord record) => record with { Pinned = _pinned.Any(pattern => pattern.Matches(record)) };

    // A name with a digest names that digest alone, whatever its tag says.
    private static string[] TagsOf(ImageReference name) => name.Canonical() is { Tag: not null } tagged ? [tagged.ToString()] : [];

    private ImageRecord Merge(NewImage image, ImageRecord? known)
    {
        return new ImageRecord
        {
            Id = image.Id.ToString(),
            RepoTags = [.. (known?.RepoTags ?? []).Union(image.Names.SelectMany(TagsOf))],
            RepoDigests = [.. (known?.RepoDigests ?? []).Union(image.Names.Select(name => name.AtDigest(image.Resolved).ToString()))],
            Size = image.Size,
            Config = image.Image.Config ?? new ImageConfig(),
            Layers = LayerStack.Names(image.Lease),
            DiffIds = image.Image.Rootfs.DiffIds,
            Blobs = [.. (known?.Blobs ?? []).Union(image.Blobs).Where(blob => _documents.FindDamage(blob) is null)],
            Documents =
            [
                .. (known?.Documents ?? []).Where(document => _documents.FindDamage(document) is null)
                    .Union(image.Documents.Keys).Union(image.Artifact?.Files.Select(file => file.Digest) ?? []),
            ],
            Files = image.Artifact?.Files,
            PulledAt = DateTimeOffset.UtcNow,
        };
    }

    // Their new records are written after the winner's: a crash in between leaves the tag on both, and the start
    // gives it to the one that was pulled last.
    private List<ImageRecord> WithoutTags(ImageCatalog catalog, ImageRecord winner) =>
    [
        .. catalog.Images
            .Where(other => other.Id != winner.Id && other.RepoTags.Intersect(winner.RepoTags).Any())
            .Select(other => WithPin(other with { RepoTags = [.. other.RepoTags.Except(winner.RepoTags)] })),
    ];

    // On disk the tag is on both then, as after a crash: the next start gives it to the winner.
    private void TryWrite(ImageRecord loser)
    {
        try
        {
            Write(loser);
        }
        catch (IOException error)
        {
            _layers.Journal.Warn($"image {loser.Id}: that it lost a tag cannot be recorded: {error.Message}");
        }
    }

    private void Write(ImageRecord record)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(StoredImage.From(record), StoredImageJson.Default.StoredImage);
        AtomicFile.Write(_layout.Image(Digest.Parse(record.Id)), content);
    }

    private void DeleteUnused(IEnumerable<Digest> candidates)
    {
        if (_hasNewerRecords)
        {
            return;
        }

        foreach (var digest in candidates.Except(Known.SelectMany(record => record.Content)).ToList())
        {
            _documents.Delete(digest);
        }
    }
}
