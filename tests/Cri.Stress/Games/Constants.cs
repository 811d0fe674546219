using System.Collections.Concurrent;
using Cri.Api.V1;

namespace Cri.Stress.Games;

/// <summary>
/// What must be the same in every status of a container that tells it: when it was created, started and ended, and how. An end must
/// be one that its command or a signal can have had.
/// </summary>
public sealed class Constants
{
    private static readonly HashSet<int> _exitCodes = [3, 7, 137, 143];
    private readonly ConcurrentDictionary<(string Id, string Field), string> _values = new();

    /// <summary>What is wrong with the status; null for nothing.</summary>
    public string? Contradiction(ContainerStatus status)
    {
        var hasEnded = status.State == ContainerState.ContainerExited;
        return Changed(status.Id, "created_at", $"{status.CreatedAt}")
            ?? (status.StartedAt == 0 ? null : Changed(status.Id, "started_at", $"{status.StartedAt}"))
            ?? (hasEnded ? Changed(status.Id, "end", $"{status.FinishedAt} {status.ExitCode} {status.Reason} {status.Message}") : null)
            ?? (hasEnded && !_exitCodes.Contains(status.ExitCode)
                ? $"container {status.Id} ended with {status.ExitCode}, {status.Reason}: {status.Message}"
                : null)
            ?? (hasEnded && !(status.CreatedAt <= status.StartedAt && status.StartedAt <= status.FinishedAt)
                ? $"container {status.Id}: created at {status.CreatedAt}, started at {status.StartedAt}, ended at {status.FinishedAt}"
                : null);
    }

    private string? Changed(string id, string field, string value)
    {
        var first = _values.GetOrAdd((id, field), value);
        return first == value ? null : $"container {id}: {field} was told as {first} and as {value}";
    }
}
