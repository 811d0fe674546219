using System.Text.Json;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>Reading the records at the start.</summary>
public sealed partial class ImageStore
{
    /// <summary>
    /// Reads all records below <paramref name="root"/> and takes a lease on the layers of each. An image whose layers or
    /// documents are damaged or gone is not shown, but keeps the layers that are sound, and is reported in
    /// <see cref="Problems"/>: the kubelet then pulls it again. A record that cannot be read is dropped.
    /// </summary>
    /// <param name="root">The root directory.</param>
    /// <param name="layers">The layers, open; they tell what is found.</param>
    /// <param name="pinned">Patterns of the images that the kubelet must not remove; null for none.</param>
    /// <exception cref="IOException">The directory cannot be made or read.</exception>
    public static ImageStore Open(string root, LayerStore layers, IReadOnlyList<ImageNamePattern>? pinned = null)
    {
        var layout = new StorageLayout(root);
        StorageLayout.CreatePrivate(layout.Images);
        var documents = DocumentStore.Open(layout, layers.Removal, layers.Leftovers);
        var store = new ImageStore(layout, layers, documents, pinned ?? []);
        store.Load();
        return store;
    }

    private void Load()
    {
        List<ImageRecord> records = [];
        List<string> problems = [];
        HashSet<string> damaged = [];
        foreach (var path in Directory.EnumerateFileSystemEntries(_layout.Images).ToList())
        {
            if (StorageLayout.IsLeftover(path))
            {
                _layers.Leftovers.Found("unfinished records");
                _layers.Removal.RemoveNameless(path, null, _layers.Leftovers);
            }
            else if (!IsRecord(path))
            {
                _layers.Leftovers.FoundUnknown(path);
            }
            else if (ReadRecord(path, problems) is { } stored)
            {
                records.Add(LoadRecord(stored, problems, damaged));
            }
        }

        var resolved = ResolveTags(records).Select(WithPin).Select(WithFoundBlobs).ToList();
        _catalog = new ImageCatalog(resolved.Where(record => !damaged.Contains(record.Id)));
        _hidden = new ImageCatalog(resolved.Where(record => damaged.Contains(record.Id)));
        if (!_hasNewerRecords)
        {
            _documents.DeleteExcept(records.SelectMany(record => record.Content).Select(digest => digest.ToString()).ToHashSet());
        }

        Problems = problems;
    }

    // An image is whole without them.
    private ImageRecord WithFoundBlobs(ImageRecord record) => record with { Blobs = [.. record.Blobs.Where(blob => _documents.FindDamage(blob) is null)] };

    private static bool IsRecord(string path) =>
        path.EndsWith(".json", StringComparison.Ordinal) && Digest.TryParse($"sha256:{Path.GetFileNameWithoutExtension(path)}", out _);

    private StoredImage? ReadRecord(string path, List<string> problems)
    {
        try
        {
            var json = File.ReadAllBytes(path);
            RecordVersion.Check(path, json);
            return JsonSerializer.Deserialize(json, StoredImageJson.Default.StoredImage) ?? throw new JsonException("null");
        }
        catch (JsonException error)
        {
            // Its name says which image it was, but not what it was called: nothing can repair it.
            problems.Add($"{path} is damaged, and its image lost: {error.Message}");
            File.Delete(path);
        }
        catch (NewerRecordException newer)
        {
            problems.Add(newer.Message);
            _hasNewerRecords = true;
            _layers.KeepsAll = true;
        }
        catch (IOException error)
        {
            problems.Add($"{path} cannot be read, and stays: {error.Message}");
        }

        return null;
    }

    private ImageRecord LoadRecord(StoredImage stored, List<string> problems, HashSet<string> damaged)
    {
        var id = stored.Id.ToString();
        try
        {
            var config = stored.Files is { } files ? CheckArtifact(files) : LoadConfig(stored.Id);
            if (stored.Documents.Select(_documents.FindDamage).FirstOrDefault(damage => damage is not null) is { } damage)
            {
                throw new InvalidDataException(damage);
            }

            var lease = _layers.TryLease(stored.DiffIds)
                ?? throw new InvalidDataException($"layer {stored.DiffIds.First(diffId => _layers.Find(diffId) is null)} is damaged or missing");
            _leases.Add(id, lease);
            return stored.ToRecord(config, LayerStack.Names(lease));
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or IOException)
        {
            problems.Add($"image {Describe(stored)} has to be pulled again: {error.Message}");
            damaged.Add(id);
            var lease = _layers.LeaseSound(stored.DiffIds);
            _leases.Add(id, lease);
            return stored.ToRecord(new ImageConfig(), LayerStack.Names(lease));
        }
    }

    private ImageConfig LoadConfig(Digest id) =>
        (JsonSerializer.Deserialize(_documents.Read(id), ImageJson.Default.Image) ?? throw new JsonException("null")).Config ?? new ImageConfig();

    private ImageConfig CheckArtifact(IReadOnlyList<ArtifactFile> files)
    {
        var wrong = files.FirstOrDefault(file => _documents.Size(file.Digest) != file.Size);
        return wrong is null ? new ImageConfig() : throw new InvalidDataException($"file \"{wrong.Path}\" is missing or cut off");
    }

    private static string Describe(StoredImage stored) => stored.RepoTags.Concat(stored.RepoDigests).FirstOrDefault() ?? stored.Id.ToString();

    // A crash while a tag moved leaves it on two records; the later pull has it.
    private IEnumerable<ImageRecord> ResolveTags(List<ImageRecord> records)
    {
        HashSet<string> taken = [];
        foreach (var record in records.OrderByDescending(record => record.PulledAt))
        {
            List<string> tags = [.. record.RepoTags.Where(taken.Add)];
            if (tags.Count == record.RepoTags.Count)
            {
                yield return record;
                continue;
            }

            var corrected = record with { RepoTags = tags };
            Write(corrected);
            yield return corrected;
        }
    }
}
