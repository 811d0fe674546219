using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>Directories of pods and containers without a record, and those whose removal was cut off.</summary>
public sealed class StrayDirectories(StateLayout state) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var pods = Listing.Directories(state.Pods);
        var bundles = pods.SelectMany(Listing.Directories).Where(path => IdOf(path) is not null).ToList();
        var owners = ownership.Now();
        var strays = pods.Where(path => IdOf(path) is { } id && !owners.Own(id)).ToHashSet(StringComparer.Ordinal);
        return strays.Select(path => Of(path, IsRemoving(path) ? "its removal was cut off" : "no record of a pod sandbox is in it"))
            .Concat(bundles.Where(path => !strays.Contains(Path.GetDirectoryName(path)!) && IsStray(path, owners))
                .Select(path => Of(path, "no such container is known")));
    }

    /// <inheritdoc/>
    public Task RepairAsync(Finding finding, CancellationToken cancellationToken) => OwnThread.RunAsync(() =>
    {
        if (Directory.Exists(finding.Path))
        {
            MountSweep.Delete(finding.Path);
        }
    });

    // In a directory that is being removed nothing is looked at: it goes as a whole.
    private static bool IsStray(string bundle, Owners owners) =>
        !IsRemoving(Path.GetDirectoryName(bundle)!) && IdOf(Path.GetDirectoryName(bundle)!) is not null && !owners.Own(IdOf(bundle)!);

    private static Finding Of(string path, string why) => new(FindingKind.Directory, IdOf(path) ?? Path.GetFileName(path), path, why, "remove");

    private static bool IsRemoving(string path) => Path.GetFileName(path).StartsWith(PodDirectory.RemovingPrefix, StringComparison.Ordinal);

    private static string? IdOf(string path)
    {
        var name = Path.GetFileName(path);
        var id = IsRemoving(path) ? name[PodDirectory.RemovingPrefix.Length..] : name;
        return ObjectId.IsValid(id) ? id : null;
    }
}
