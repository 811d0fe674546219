using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>
/// Mounts, pinned namespaces among them, in the directories of pods and containers that nobody knows. Only what lies below a name
/// that we gave counts.
/// </summary>
/// <param name="state">The state directory.</param>
/// <param name="snapshots">The directory of the writable layers.</param>
public sealed class StrayMounts(StateLayout state, string snapshots) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var mounts = MountTable.Below(state.Pods).Select(mount => (Mount: mount, Ids: IdsBelow(mount.Target, state.RealPods)))
            .Concat(MountTable.Below(snapshots).Select(mount => (Mount: mount, Ids: IdsBelow(mount.Target, RealPath.Of(snapshots)))))
            .Where(found => found.Ids.Count > 0).ToList();
        var owners = ownership.Now();

        // The innermost first, which is the order they can be unmounted in.
        foreach (var (mount, ids) in Enumerable.Reverse(mounts))
        {
            if (ids.FirstOrDefault(id => !owners.Own(id)) is { } unknown)
            {
                yield return new Finding(
                    mount.Type == "nsfs" ? FindingKind.Namespace : FindingKind.Mount, unknown, mount.Target, $"{mount.Type} of an unknown pod or container", "unmount");
            }
        }
    }

    /// <inheritdoc/>
    public Task RepairAsync(Finding finding, CancellationToken cancellationToken) => OwnThread.RunAsync(() => Mount.UnmountAll(finding.Path));

    // POD, POD/CONTAINER, .removing-POD, CONTAINER+1: the ids whose ownership decides.
    private static List<string> IdsBelow(string target, string directory) =>
    [
        .. target[directory.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries).Take(2)
            .Select(name => PodDirectoryName(name).Split('+')[0]).TakeWhile(ObjectId.IsValid),
    ];

    private static string PodDirectoryName(string name) =>
        name.StartsWith(Sandboxes.PodDirectory.RemovingPrefix, StringComparison.Ordinal) ? name[Sandboxes.PodDirectory.RemovingPrefix.Length..] : name;
}
