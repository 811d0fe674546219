using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>Names that are reserved for pods or containers that nobody knows: they could never be used again.</summary>
public sealed class StrayNames(NameRegistry names) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var held = names.Held;
        var owners = ownership.Now();
        return held.Where(name => !owners.Own(name.Id)).Select(name => new Finding(
            FindingKind.Name, name.Id, name.Name, $"the name of an unknown {names.Kind}", "release"));
    }

    /// <inheritdoc/>
    public Task RepairAsync(Finding finding, CancellationToken cancellationToken)
    {
        names.Release(finding.Path, finding.Subject);
        return Task.CompletedTask;
    }
}
