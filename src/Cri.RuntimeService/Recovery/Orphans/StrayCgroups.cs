using Cri.RuntimeService.Containers;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>Cgroups that were written down for containers that nobody knows, with the processes in them. No other cgroup is ever looked at.</summary>
public sealed class StrayCgroups(CgroupLedger ledger) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var ids = ledger.Ids;
        var owners = ownership.Now();
        return ids.Where(id => !owners.Own(id)).Select(id => (Id: id, Directories: ledger.Directories(id)))
            .Select(cgroup => new Finding(
                FindingKind.Cgroup, cgroup.Id, cgroup.Directories.Count > 0 ? cgroup.Directories[0] : "", "no such container is known", "remove"))
            .Where(IsThere);
    }

    /// <inheritdoc/>
    public Task RepairAsync(Finding finding, CancellationToken cancellationToken) => ledger.RemoveAsync(finding.Subject, cancellationToken);

    // A note of a cgroup that is gone says nothing.
    private bool IsThere(Finding finding)
    {
        if (finding.Path.Length == 0)
        {
            ledger.Forget(finding.Subject);
        }

        return finding.Path.Length > 0;
    }
}
