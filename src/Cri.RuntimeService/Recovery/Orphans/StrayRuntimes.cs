using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>What OCI runtimes still keep, in our state directory, of containers that nobody knows: they are ended through them.</summary>
public sealed class StrayRuntimes(StateLayout state, OciRuntimes runtimes, OrphanedTasks tasks) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var found = Listing.Directories(state.RuntimeRoots).SelectMany(Listing.Directories)
            .Where(path => ObjectId.IsValid(PodInit.OwnerOf(Path.GetFileName(path)))).ToList();
        var owners = ownership.Now();
        return found.Where(path => !owners.Own(Path.GetFileName(path))).Select(path => new Finding(
            FindingKind.Runtime, Path.GetFileName(path), path, "no such container is known", "delete"));
    }

    /// <inheritdoc/>
    public async Task RepairAsync(Finding finding, CancellationToken cancellationToken)
    {
        var handler = Path.GetFileName(Path.GetDirectoryName(finding.Path)!);
        if (runtimes.Find(handler) is { } runtime && Directory.Exists(finding.Path))
        {
            await tasks.DeleteAsync(runtime, finding.Subject);
        }

        if (Directory.Exists(finding.Path))
        {
            MountSweep.Delete(finding.Path);
        }
    }
}
