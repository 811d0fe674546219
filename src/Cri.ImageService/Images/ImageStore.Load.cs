using System.Text.Json;
using Cri.ImageService.Images;
using Cri.ImageService.Layers;
using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>Reading the records at the start.</summary>
public sealed partial class ImageStore
{
    /// <summary>
    /// Reads all records below <paramref name="root"/>, after sweeping what an earlier process left unfinished, and takes a
    /// lease on the layers of each. A record whose layers or configuration are damaged or gone is dropped and reported in
    /// <see cref="Problems"/>: the kubelet then pulls the image again.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be made or read.</exception>
    public static ImageStore Open(string root, LayerStore layers)
    {
        var layout = new StorageLayout(root);
        StorageLayout.Sweep(layout.Images);
        var store = new ImageStore(layout, layers, DocumentStore.Open(layout));
        store.Load();
        return store;
    }

    private void Load()
    {
        List<ImageRecord> records = [];
        List<string> problems = [];
        foreach (var path in Directory.EnumerateFiles(_layout.Images, "*.json").ToList())
        {
            try
            {
                records.Add(LoadRecord(path));
            }
            catch (Exception error) when (error is JsonException or InvalidDataException or FileNotFoundException or DirectoryNotFoundException)
            {
                problems.Add($"{path}: {error.Message}");
                File.Delete(path);
            }
        }

        _catalog = new ImageCatalog(ResolveTags(records));
        _documents.DeleteExcept(records.SelectMany(record => record.Documents).Select(digest => digest.ToString()).ToHashSet());
        Problems = problems;
    }

    private ImageRecord LoadRecord(string path)
    {
        var stored = JsonSerializer.Deserialize(File.ReadAllBytes(path), StoredImageJson.Default.StoredImage)
            ?? throw new InvalidDataException("the record is null");
        var image = JsonSerializer.Deserialize(_documents.Read(stored.Id), ImageJson.Default.Image)
            ?? throw new InvalidDataException("the image configuration is null");
        var lease = _layers.TryLease(stored.DiffIds)
            ?? throw new InvalidDataException($"image {stored.Id}: a layer is missing: {FirstMissing(stored.DiffIds)}");
        _leases.Add(stored.Id.ToString(), lease);
        return stored.ToRecord(image.Config ?? new ImageConfig(), LayerStack.Names(lease));
    }

    private Digest? FirstMissing(IEnumerable<Digest> diffIds) => diffIds.FirstOrDefault(diffId => _layers.Find(diffId) is null);

    // A crash while a tag moved leaves it on two records; the later pull has it.
    private static IEnumerable<ImageRecord> ResolveTags(List<ImageRecord> records)
    {
        HashSet<string> taken = [];
        foreach (var record in records.OrderByDescending(record => record.PulledAt))
        {
            yield return record with { RepoTags = [.. record.RepoTags.Where(taken.Add)] };
        }
    }
}
