using System.Diagnostics.Metrics;
using Cri.RuntimeService.Cni;
using Cri.Ttrpc;
using Grpc.Core;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// Goes on with stops and removals that failed because something is stuck, beside the serving of requests and with a longer pause each
/// time, until they succeed: whoever asked may never ask again. An operation that is asked for again meanwhile runs as ever.
/// </summary>
public sealed class StuckRetries(Journal journal) : IAsyncDisposable
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(1);

    // The name under which all of Crisp's metrics are published.
    private static readonly Meter _meter = new("crisp");

    private static readonly UpDownCounter<long> _stuck =
        _meter.CreateUpDownCounter<long>("crisp_stuck_operations", description: "Stops and removals that failed and are tried again, by operation.");

    private readonly Dictionary<(string Operation, string Id), Task> _retries = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>
    /// Runs an operation. When it fails for a reason that may pass, that is told and the operation is tried again from then on; the
    /// failure itself is thrown.
    /// </summary>
    /// <param name="operation">What is done, such as <c>StopContainer</c>.</param>
    /// <param name="id">To what.</param>
    /// <param name="first">The first attempt.</param>
    /// <param name="again">Each later one; it may be made when everything is done by now.</param>
    /// <param name="tell">Takes the failure in words, or null when there is none any more.</param>
    public async Task RunAsync(string operation, string id, Func<Task> first, Func<CancellationToken, Task> again, Action<string?> tell)
    {
        try
        {
            await first();
            tell(null);
        }
        catch (Exception error) when (MayPass(error))
        {
            tell(Words(error));
            Begin((operation, id), again, tell);
            throw;
        }
    }

    /// <summary>Ends all retries; the next server's clients ask again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(Running());
        _stop.Dispose();
    }

    private void Begin((string Operation, string Id) key, Func<CancellationToken, Task> again, Action<string?> tell)
    {
        lock (_retries)
        {
            if (!_stop.IsCancellationRequested && !_retries.ContainsKey(key))
            {
                // It outlives the call that it begins in, and is no step of it.
                using var apart = ExecutionContext.SuppressFlow();
                _retries[key] = Task.Run(() => RetryAsync(key, again, tell));
            }
        }
    }

    private List<Task> Running()
    {
        lock (_retries)
        {
            return [.. _retries.Values];
        }
    }

    private void End((string Operation, string Id) key)
    {
        lock (_retries)
        {
            _retries.Remove(key);
        }
    }

    private async Task RetryAsync((string Operation, string Id) key, Func<CancellationToken, Task> again, Action<string?> tell)
    {
        var tag = new KeyValuePair<string, object?>("operation", key.Operation);
        _stuck.Add(1, tag);
        try
        {
            await RetryUntilDoneAsync(key, again, tell);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        finally
        {
            _stuck.Add(-1, tag);
            End(key);
        }
    }

    private async Task RetryUntilDoneAsync((string Operation, string Id) key, Func<CancellationToken, Task> again, Action<string?> tell)
    {
        var attempts = 0;
        for (var pause = _firstPause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            await Task.Delay(pause, _stop.Token);
            attempts++;
            try
            {
                await again(_stop.Token).WaitAsync(_stop.Token);
                tell(null);
                journal.Info($"{key.Operation} of {key.Id}: done at last, after {attempts} more attempts");
                return;
            }
            catch (Exception error) when (!_stop.IsCancellationRequested)
            {
                tell(Words(error));
            }
        }
    }

    // A caller that gives up wants it no longer; a wrong request stays wrong.
    private static bool MayPass(Exception error) => error switch
    {
        RpcException rpc => rpc.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Unavailable or StatusCode.Internal or StatusCode.Unknown,
        TtrpcException or CniException or IOException or TimeoutException => true,
        _ => false,
    };

    private static string Words(Exception error) => error is RpcException rpc ? rpc.Status.Detail : error.Message;
}
