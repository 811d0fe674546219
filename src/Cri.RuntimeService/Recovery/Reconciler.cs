using Cri.RuntimeService.Lifecycle;
using Grpc.Core;

namespace Cri.RuntimeService.Recovery;

/// <summary>
/// Compares what is recorded with what exists, at the start and from time to time, and gets rid of what nobody owns:
/// <list type="number">
/// <item>each kind of thing is looked at, those first that others depend on</item>
/// <item>a little later everything is looked at once more: only what is found again counts</item>
/// <item>what is left is got rid of, one after the other; each is a line in the log and counts in a metric</item>
/// <item>while something is found it is looked again soon, after a longer pause each time: what could not be got rid of is tried again,
/// and what depended on it may be without an owner now</item>
/// </list>
/// </summary>
/// <example>
/// <code>
/// await using var reconciler = new Reconciler([new StrayShims(state), new StrayNames(names)], ownership, journal);
/// reconciler.Begin(TimeSpan.FromMinutes(5));
/// var findings = await reconciler.FindAsync(token);   // what RunAsync would get rid of
/// </code>
/// </example>
public sealed class Reconciler(IReadOnlyList<IOrphans> kinds, Ownership ownership, Journal journal) : IAsyncDisposable
{
    // Whoever waited for the server to start asks for everything at once, and comes first.
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _settling = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _firstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _longestRetry = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _repairBound = TimeSpan.FromMinutes(2);

    private readonly OperationGate _turn = new("the node");
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, string> _failures = [];
    private Task _loop = Task.CompletedTask;

    /// <summary>Begins to run: in a moment, until nothing is found, and then whenever the interval is over; a zero interval means never again.</summary>
    public void Begin(TimeSpan interval) => _loop = Task.Run(() => LoopAsync(interval));

    /// <summary>What nobody owns now, each found twice; nothing is touched.</summary>
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken) =>
        [.. (await FindTwiceAsync(cancellationToken)).Select(found => found.Finding)];

    /// <summary>Gets rid of what nobody owns; a run that is under way is waited for. Answers what became of each.</summary>
    public async Task<IReadOnlyList<Repair>> RunAsync(CancellationToken cancellationToken)
    {
        using var turn = await _turn.EnterAsync("gc", cancellationToken);
        var repairs = new List<Repair>();
        foreach (var (kind, finding) in await FindTwiceAsync(cancellationToken))
        {
            var repair = await RepairAsync(kind, finding, cancellationToken);
            repairs.Add(repair);
            ReconcilerMetrics.Count(repair);
            Report(repair);
        }

        return repairs;
    }

    /// <summary>Ends it; the rest is for the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task LoopAsync(TimeSpan interval)
    {
        var retry = _firstRetry;
        try
        {
            await Task.Delay(_firstPause, _stop.Token);
            while (true)
            {
                var isClean = await TryRunAsync();
                if (isClean && interval == TimeSpan.Zero)
                {
                    journal.Info("reconciled: nothing is left, and nothing is looked for until the next start");
                    return;
                }

                await Task.Delay(isClean ? interval : Shorter(retry, interval), _stop.Token);
                retry = isClean ? _firstRetry : Shorter(retry * 2, _longestRetry);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => other == TimeSpan.Zero || one < other ? one : other;

    private async Task<bool> TryRunAsync()
    {
        try
        {
            return (await RunAsync(_stop.Token)).Count == 0;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            journal.Warn($"reconciliation: {error.Message}");
            return false;
        }
    }

    // An operation gives up what it holds in steps: in between, something may look as if nobody owned it.
    private async Task<List<(IOrphans Kind, Finding Finding)>> FindTwiceAsync(CancellationToken cancellationToken)
    {
        var first = await Task.Run(FindOnce, cancellationToken);
        if (first.Count == 0)
        {
            return first;
        }

        await Task.Delay(_settling, cancellationToken);
        var second = await Task.Run(FindOnce, cancellationToken);
        return [.. second.Where(first.Contains)];
    }

    private List<(IOrphans Kind, Finding Finding)> FindOnce() => [.. kinds.SelectMany(FindOf)];

    // One kind that cannot be looked at keeps none of the others from it.
    private List<(IOrphans Kind, Finding Finding)> FindOf(IOrphans kind)
    {
        try
        {
            return [.. kind.Find(ownership).Select(finding => (kind, finding))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            journal.Warn($"reconciliation: {error.Message}");
            return [];
        }
    }

    private static async Task<Repair> RepairAsync(IOrphans kind, Finding finding, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_repairBound);
        try
        {
            await kind.RepairAsync(finding, bound.Token).WaitAsync(bound.Token);
            return new Repair(finding, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Repair(finding, $"did not end within {_repairBound.TotalSeconds:0} s");
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new Repair(finding, Words(error));
        }
    }

    private static string Words(Exception error) => error is RpcException rpc ? rpc.Status.Detail : error.Message;

    // A failure that repeats itself is told once.
    private void Report(Repair repair)
    {
        var key = $"{repair.Finding.Kind} {repair.Finding.Path} {repair.Finding.Subject}";
        if (repair.Error is not { } error)
        {
            _failures.Remove(key);
            journal.Info($"reconciled: {repair.Finding.Action} {repair.Finding}");
        }
        else if (_failures.GetValueOrDefault(key) != error)
        {
            _failures[key] = error;
            journal.Warn($"reconciliation: {repair.Finding.Action} {repair.Finding}: {error}; it is tried again");
        }
    }
}
