namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>
/// Pods that are recorded and could not be taken over at the start, because their shim did not answer in time or their record cannot be
/// read. They are taken over when that works; until then nothing of theirs is touched.
/// </summary>
public sealed class StrangePods(StateLayout state, StateRecovery recovery) : IOrphans
{
    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership) => ownership.Now().Strangers.Select(id => new Finding(
        FindingKind.Pod, id, state.Pod(id).Directory, "it is recorded, but was not taken over", "take over"));

    /// <inheritdoc/>
    public Task RepairAsync(Finding finding, CancellationToken cancellationToken) => recovery.RetryAsync(finding.Subject);
}
