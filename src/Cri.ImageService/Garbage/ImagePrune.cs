using Cri.ImageService.Layers;
using Cri.ImageService.Snapshots;

namespace Cri.ImageService.Garbage;

/// <summary>Removes images that no container uses: those without a tag, or all. Pinned ones stay.</summary>
public sealed class ImagePrune(ImageStore images, LayerStore layers, Snapshotter snapshots)
{
    /// <summary>Removes the images, or only says which.</summary>
    /// <param name="all">Those with tags too.</param>
    /// <param name="dryRun">Only says which it would be.</param>
    /// <param name="cancellation">Ends it between two images.</param>
    /// <exception cref="ImageException">A record cannot be removed from disk.</exception>
    public async Task<PruneResult> RunAsync(bool all, bool dryRun, CancellationToken cancellation)
    {
        var use = new LayerUse(images, layers, snapshots);
        List<PrunedImage> pruned = [];
        foreach (var image in images.Known.Where(image => MayGo(image, all)).ToList())
        {
            cancellation.ThrowIfCancellationRequested();
            var bytes = use.FreedBy(new HashSet<string> { image.Id }).Bytes;

            // A pull or a container may have come since.
            if (dryRun || await images.RemoveAsync(image.Id, record => MayGo(record, all), cancellation))
            {
                pruned.Add(new PrunedImage(image.Id, [.. image.RepoTags.Concat(image.RepoDigests)], bytes));
            }
        }

        return new PruneResult(pruned, use.FreedBy(pruned.Select(image => image.ImageId).ToHashSet()).Bytes);
    }

    /// <summary>True for an image that pruning removes.</summary>
    internal bool MayGo(ImageRecord image, bool all) =>
        !image.Pinned && (all || image.RepoTags.Count == 0) && !snapshots.UsedImages.ContainsKey(image.Id);
}

/// <summary>What was removed.</summary>
/// <param name="Images">The images.</param>
/// <param name="Bytes">What their layers took that nobody else needs; free when the removal in the background has ended.</param>
public sealed record PruneResult(IReadOnlyList<PrunedImage> Images, long Bytes);

/// <summary>An image that was removed.</summary>
/// <param name="ImageId">Its id.</param>
/// <param name="Names">Its names.</param>
/// <param name="Bytes">What its removal alone frees.</param>
public sealed record PrunedImage(string ImageId, IReadOnlyList<string> Names, long Bytes);
