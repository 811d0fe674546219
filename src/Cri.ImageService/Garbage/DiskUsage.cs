using Cri.ImageService.Layers;
using Cri.ImageService.Snapshots;
using Cri.Linux;

namespace Cri.ImageService.Garbage;

/// <summary>Tells what takes how much room below the root.</summary>
public sealed class DiskUsage(ImageStore images, LayerStore layers, Snapshotter snapshots)
{
    private readonly ImagePrune _prune = new(images, layers, snapshots);

    /// <summary>Reads it; containers' trees are read from disk.</summary>
    /// <exception cref="IOException">A directory cannot be read.</exception>
    public DiskUsageReport Read()
    {
        var use = new LayerUse(images, layers, snapshots);
        var used = snapshots.UsedImages;
        List<ImageRecord> all = [.. images.Known];
        var (space, total) = FileSystemUsage.OfFileSystem(images.Root);
        return new DiskUsageReport(
            [.. all.Select(image => ReadImage(image, use, used.GetValueOrDefault(image.Id)))],
            [ReadImages(all, used), ReadLayers(all, use, used), ReadBlobs(all), ReadContainers(), ReadRemovals()],
            images.Root, space, total);
    }

    private ImageUsage ReadImage(ImageRecord image, LayerUse use, int containers)
    {
        var documents = image.Content.Sum(images.DocumentSize);
        return new ImageUsage(
            image, use.Of(image).Bytes + documents, use.Unique(image).Bytes + documents, containers, images.FindDamaged(image.Id) is not null);
    }

    private KindUsage ReadImages(List<ImageRecord> all, IReadOnlyDictionary<string, int> used) =>
        new("images", all.Count, all.Count(image => used.ContainsKey(image.Id)), images.RecordUsage, 0);

    private KindUsage ReadLayers(List<ImageRecord> all, LayerUse use, IReadOnlyDictionary<string, int> used)
    {
        var going = all.Where(image => _prune.MayGo(image, all: true)).Select(image => image.Id).ToHashSet();
        var usage = use.Layers.Aggregate(FileSystemUsage.None, (sum, layer) => sum + layer.Usage);
        return new KindUsage("layers", use.Layers.Count, use.Active(used.Keys.ToHashSet()), usage, use.FreedBy(going).Bytes);
    }

    private KindUsage ReadBlobs(List<ImageRecord> all)
    {
        var blobs = all.SelectMany(image => image.Content).ToHashSet();
        var needed = all.Where(image => !_prune.MayGo(image, all: true)).SelectMany(image => image.Content).ToHashSet();
        return new KindUsage("blobs", blobs.Count, needed.Count, images.BlobUsage, blobs.Except(needed).Sum(images.DocumentSize));
    }

    private KindUsage ReadContainers()
    {
        List<FileSystemUsage> usages = [.. snapshots.Containers.Select(snapshots.Usage).OfType<FileSystemUsage>()];
        var sum = usages.Aggregate(FileSystemUsage.None, (sum, usage) => sum + usage);
        return new KindUsage("containers", usages.Count, usages.Count, sum, 0);
    }

    private KindUsage ReadRemovals()
    {
        var usage = layers.Removal.Pending(layers.Directory) + layers.Removal.Pending(snapshots.Path);
        return new KindUsage("being removed", layers.Removal.Count, 0, usage, usage.Bytes);
    }
}

/// <summary>What takes how much room.</summary>
/// <param name="Images">Every image, damaged ones too.</param>
/// <param name="Kinds">The sums by kind: "images" (their records), "layers", "blobs", "containers", "being removed".</param>
/// <param name="Path">The root directory.</param>
/// <param name="Used">What its file system has in use, by whomever.</param>
/// <param name="Total">What its file system has in all.</param>
public sealed record DiskUsageReport(
    IReadOnlyList<ImageUsage> Images, IReadOnlyList<KindUsage> Kinds, string Path, FileSystemUsage Used, FileSystemUsage Total);

/// <summary>What an image takes.</summary>
/// <param name="Image">The image.</param>
/// <param name="Bytes">Its layers and documents, shared ones included.</param>
/// <param name="UniqueBytes">Those that no other image has.</param>
/// <param name="Containers">How many containers use it.</param>
/// <param name="IsDamaged">True when it has to be pulled again.</param>
public sealed record ImageUsage(ImageRecord Image, long Bytes, long UniqueBytes, int Containers, bool IsDamaged);

/// <summary>What a kind of content takes.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Active">How many are in use.</param>
/// <param name="Usage">What they take.</param>
/// <param name="Reclaimable">What removing all images that nobody uses would free, in bytes.</param>
public sealed record KindUsage(string Kind, int Count, int Active, FileSystemUsage Usage, long Reclaimable);
