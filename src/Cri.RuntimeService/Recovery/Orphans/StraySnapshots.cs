using Cri.ImageService.Snapshots;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>Writable layers of containers that nobody knows, with their views of other images. Their space is freed in the background.</summary>
public sealed class StraySnapshots(Snapshotter snapshots) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var found = snapshots.Owners.Where(ObjectId.IsValid).ToList();
        var owners = ownership.Now();
        return found.Where(id => !owners.Own(id)).Select(id => new Finding(
            FindingKind.Snapshot, id, Path.Join(snapshots.Path, id), "writable layer of an unknown container", "remove"));
    }

    /// <inheritdoc/>
    public Task RepairAsync(Finding finding, CancellationToken cancellationToken) => snapshots.RemoveAsync(finding.Subject);
}
