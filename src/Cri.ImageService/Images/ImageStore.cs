using System.Text.Json;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.Linux;
using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService;

/// <summary>
/// The images that are here. Reads are answered from an immutable snapshot and never wait; a change is written to disk
/// first and then becomes visible at once. One small file an image, under <c>images/</c>, is what makes it exist.
/// </summary>
public sealed partial class ImageStore : IDisposable
{
    private readonly StorageLayout _layout;
    private readonly LayerStore _layers;
    private readonly DocumentStore _documents;
    private readonly Dictionary<string, LayerLease> _leases = [];

    // Orders changes to the files; readers never take it.
    private readonly SemaphoreSlim _changing = new(1, 1);
    private volatile ImageCatalog _catalog = ImageCatalog.Empty;

    private ImageStore(StorageLayout layout, LayerStore layers, DocumentStore documents)
    {
        _layout = layout;
        _layers = layers;
        _documents = documents;
    }

    /// <summary>All images, ordered by id.</summary>
    public IReadOnlyList<ImageRecord> Images => _catalog.Images;

    /// <summary>The directory that everything about images lies in.</summary>
    public string Root => _layout.Root;

    /// <summary>The space that indexes, manifests, configurations and records take.</summary>
    public FileSystemUsage DocumentUsage =>
        (FileSystemUsage.OfTree(_layout.Blobs) ?? FileSystemUsage.None) + (FileSystemUsage.OfTree(_layout.Images) ?? FileSystemUsage.None);

    /// <summary>What was wrong with records that <see cref="Open"/> had to drop; empty when nothing was.</summary>
    public IReadOnlyList<string> Problems { get; private set; } = [];

    /// <summary>
    /// The image with this id, name or unambiguous beginning of an id; null when there is none. Short names are completed;
    /// of a name with tag and digest the digest counts.
    /// </summary>
    public ImageRecord? Find(string idOrReference) => _catalog.Find(idOrReference);

    /// <summary>The configuration document of an image as it came: JSON in UTF-8.</summary>
    /// <exception cref="ImageException">It cannot be read, or is damaged on disk.</exception>
    public byte[] ReadConfiguration(ImageRecord image)
    {
        try
        {
            return _documents.Read(Digest.Parse(image.Id));
        }
        catch (IOException error)
        {
            throw new ImageException(StatusCode.Internal, $"image {image.Id}: read its configuration: {error.Message}", error);
        }
        catch (InvalidDataException error)
        {
            throw new ImageException(StatusCode.Internal, $"image {image.Id}: {error.Message}", error);
        }
    }

    /// <summary>
    /// Removes an image with all its names. Its layers go from disk when no other image and no container needs them.
    /// False when there is no such image.
    /// </summary>
    /// <exception cref="ImageException">Its record cannot be removed from disk.</exception>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellation)
    {
        LayerLease? lease;
        await _changing.WaitAsync(cancellation);
        try
        {
            if (_catalog.ById(id) is not { } record)
            {
                return false;
            }

            AtomicFile.Delete(_layout.Image(Digest.Parse(id)));
            _catalog = _catalog.Without(id);
            _leases.Remove(id, out lease);
            DeleteUnusedDocuments(record.Documents);
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
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    /// <summary>Makes an image visible, under its name and beside names it has already. A tag leaves the image that had it.</summary>
    internal async Task<ImageRecord> AddAsync(NewImage image, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            return await AddOrderedAsync(image);
        }
        catch (IOException error)
        {
            throw ImageException.FromDisk($"store image {image.Reference}", error);
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
        foreach (var (digest, content) in image.Documents)
        {
            _documents.Write(digest, content);
        }

        var record = Publish(Merge(image, _catalog.ById(image.Id.ToString())));
        if (!_leases.TryAdd(record.Id, image.Lease))
        {
            await image.Lease.DisposeAsync();
        }

        return record;
    }

    private ImageRecord Publish(ImageRecord record)
    {
        Write(record);
        var losers = WithoutTags(record);
        losers.ForEach(Write);
        _catalog = _catalog.With(record, losers);
        return record;
    }

    // A name with a digest names that digest alone, whatever its tag says.
    private static string[] TagsOf(ImageReference name) => name.Canonical() is { Tag: not null } tagged ? [tagged.ToString()] : [];

    private static ImageRecord Merge(NewImage image, ImageRecord? known)
    {
        return new ImageRecord
        {
            Id = image.Id.ToString(),
            RepoTags = [.. (known?.RepoTags ?? []).Union(TagsOf(image.Reference))],
            RepoDigests = [.. (known?.RepoDigests ?? []).Union([image.Reference.AtDigest(image.Resolved).ToString()])],
            Size = image.Size,
            Config = image.Image.Config ?? new ImageConfig(),
            Layers = LayerStack.Names(image.Lease),
            DiffIds = image.Image.Rootfs.DiffIds,
            Documents = [.. (known?.Documents ?? []).Union(image.Documents.Keys)],
            PulledAt = DateTimeOffset.UtcNow,
            Pinned = known?.Pinned ?? false,
        };
    }

    // Their new records are written after the winner's: a crash in between leaves the tag on both, and the start
    // gives it to the one that was pulled last.
    private List<ImageRecord> WithoutTags(ImageRecord winner) =>
    [
        .. _catalog.Images
            .Where(other => other.Id != winner.Id && other.RepoTags.Intersect(winner.RepoTags).Any())
            .Select(other => other with { RepoTags = [.. other.RepoTags.Except(winner.RepoTags)] }),
    ];

    private void Write(ImageRecord record)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(StoredImage.From(record), StoredImageJson.Default.StoredImage);
        AtomicFile.Write(_layout.Image(Digest.Parse(record.Id)), content);
    }

    private void DeleteUnusedDocuments(IEnumerable<Digest> candidates)
    {
        foreach (var digest in candidates.Except(_catalog.Images.SelectMany(record => record.Documents)).ToList())
        {
            _documents.Delete(digest);
        }
    }
}
