namespace Cri.RuntimeService.Recovery;

/// <summary>
/// Knows one kind of thing: which of them are on the machine, and how one that nobody owns is got rid of. What cannot be told to be
/// ours by its place or by a record of ours is never a finding.
/// </summary>
public interface IOrphans
{
    /// <summary>
    /// Those that nobody owns. Lists the things first and asks <paramref name="ownership"/> then, so that what a creation makes
    /// meanwhile is not taken for an orphan.
    /// </summary>
    IEnumerable<Finding> Find(Ownership ownership);

    /// <summary>Gets rid of it; one that is gone by now is no error. Any exception says why it could not be.</summary>
    Task RepairAsync(Finding finding, CancellationToken cancellationToken);
}
