using Cri.Linux;

namespace Cri.RuntimeService.Recovery.Orphans;

/// <summary>Files that a crash left half-written in the state directory. A write takes milliseconds: one that is older than a minute has no writer.</summary>
public sealed class StrayFiles(StateLayout state, TimeProvider clock) : IOrphans
{
    private static readonly TimeSpan _longestWrite = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public IEnumerable<Finding> Find(Ownership ownership)
    {
        var before = clock.GetUtcNow().UtcDateTime - _longestWrite;
        return Unfinished(state)
            .Where(path => File.GetLastWriteTimeUtc(path) < before)
            .Select(path => new Finding(
                FindingKind.File, Path.GetFileName(Path.GetDirectoryName(path)!), path, "it was left half-written", "remove"));
    }

    /// <summary>All files that are being written, or that a crash left so.</summary>
    public static IEnumerable<string> Unfinished(StateLayout state)
    {
        var pods = Listing.Directories(state.Pods);
        return pods.Concat(pods.SelectMany(Listing.Directories)).Append(state.Cgroups).Append(state.Root).SelectMany(Listing.Files)
            .Where(path => Path.GetFileName(path).StartsWith(AtomicFile.TemporaryPrefix, StringComparison.Ordinal));
    }

    /// <inheritdoc/>
    public Task RepairAsync(Finding finding, CancellationToken cancellationToken)
    {
        File.Delete(finding.Path);
        return Task.CompletedTask;
    }
}
