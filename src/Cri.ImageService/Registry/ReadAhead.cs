using System.Diagnostics;

namespace Cri.ImageService.Registry;

/// <summary>
/// Fetches parts of one blob before their turn, over connections of their own, while the network is what its reader waits for:
/// many networks and registries cap what one connection gets. The first part shows whether the host answers ranges; until
/// then the main stream goes on. Parts follow each other without gaps. It takes only connections and memory that nobody else
/// needs now, so that without any the main stream does everything.
/// </summary>
internal sealed class ReadAhead : IAsyncDisposable
{
    // With the main stream. So many fill what one leaves free on all but the worst of paths.
    private const int ConnectionsMax = 5;

    // A host that breaks off so many parts does not want to be asked for several at once.
    private const int FailuresMax = 3;

    // Up to this share of the time the reader may have made the network wait, and it is still the network that is slow.
    private const double BlockedShareMax = 0.1;
    private static readonly TimeSpan _window = TimeSpan.FromMilliseconds(500);

    private readonly BlobSource _source;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _lock = new();
    private readonly Queue<BlobPart> _parts = new();
    private readonly HashSet<Task> _working = [];
    private Support _support;
    private int _connections = 1;
    private int _workers;
    private int _failures;
    private bool _mainRuns = true;
    private long _claimed;
    private long _next;
    private long _windowStart = Stopwatch.GetTimestamp();
    private long _blocked;

    internal ReadAhead(BlobSource source, CancellationToken cancellation)
    {
        _source = source;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _support = source.Blob.Size < source.Options.RangeThreshold ? Support.No : Support.Unknown;
    }

    private enum Support
    {
        Unknown,
        Asked,
        Yes,
        No,
    }

    /// <summary>The part whose turn it is when the reader is at <paramref name="position"/>; null when there is none.</summary>
    internal BlobPart? PartAt(long position)
    {
        lock (_lock)
        {
            if (!_parts.TryPeek(out var part) || part.Start != position)
            {
                return null;
            }

            _mainRuns = false;
            return part;
        }
    }

    /// <summary>How many bytes the main stream may bring from a position on, at most <paramref name="wish"/>.</summary>
    internal int Claim(long position, int wish)
    {
        lock (_lock)
        {
            var end = _parts.TryPeek(out var part) ? part.Start : _source.Blob.Size;
            var count = (int)Math.Min(wish, end - position);
            _claimed = position + count;
            _mainRuns = true;
            return count;
        }
    }

    /// <summary>Gives back a part that was read.</summary>
    internal void Remove(BlobPart part)
    {
        lock (_lock)
        {
            _parts.Dequeue();
            _claimed = part.End;
            _source.Budget.Return(part.Memory);
            Refill();
        }
    }

    /// <summary>Says how long the reader made the network wait since the last time, in ticks of the stopwatch.</summary>
    internal void Observe(long blocked)
    {
        _blocked += blocked;
        var elapsed = Stopwatch.GetElapsedTime(_windowStart);
        if (_support == Support.No || elapsed < _window)
        {
            return;
        }

        var isStarved = Stopwatch.GetElapsedTime(0, _blocked) < elapsed * BlockedShareMax;
        (_windowStart, _blocked) = (Stopwatch.GetTimestamp(), 0);
        if (isStarved)
        {
            lock (_lock)
            {
                _connections = Math.Min(_connections + 1, ConnectionsMax);
                Refill();
            }
        }
    }

    /// <summary>Ends what is still being fetched.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] working;
        lock (_lock)
        {
            _support = Support.No;
            working = [.. _working];
        }

        await _stop.CancelAsync();
        await Task.WhenAll(working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_parts.TryDequeue(out var part))
        {
            _source.Budget.Return(part.Memory);
        }

        _stop.Dispose();
    }

    private void Refill()
    {
        while (_support is Support.Unknown or Support.Yes
            && _workers < _connections - (_mainRuns ? 1 : 0) && _parts.Count <= _connections && TryStart())
        {
        }
    }

    private bool TryStart()
    {
        // The main stream goes on up to where the first part begins, meanwhile.
        var start = _parts.Count > 0 ? _next : _claimed + TransferBudget.PartSize;
        var length = (int)Math.Min(TransferBudget.PartSize, _source.Blob.Size - start);
        if (length <= 0 || _source.Budget.TryRent() is not { } memory)
        {
            return false;
        }

        var range = new BlobRange(_source, start, start + length, rangesOnly: true);
        if (!range.TryReserve())
        {
            range.Dispose();
            _source.Budget.Return(memory);
            return false;
        }

        var part = new BlobPart(start, length, memory);
        Begin(part, range);
        return true;
    }

    private void Begin(BlobPart part, BlobRange range)
    {
        var isProbe = _support == Support.Unknown;
        if (isProbe)
        {
            _support = Support.Asked;
        }
        else
        {
            Enqueue(part);
        }

        _workers++;
        var work = Task.Run(() => WorkAsync(part, range, isProbe), CancellationToken.None);
        _working.Add(work);
        work.ContinueWith(
            done =>
            {
                lock (_lock)
                {
                    _working.Remove(done);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void Enqueue(BlobPart part)
    {
        _parts.Enqueue(part);
        _next = part.End;
    }

    private async Task WorkAsync(BlobPart part, BlobRange range, bool isProbe)
    {
        var isKept = !isProbe;
        try
        {
            using (range)
            {
                await range.OpenAsync(_stop.Token);
                isKept = !isProbe || AcceptProbe(part);
                if (isKept)
                {
                    await FillAsync(part, range);
                }
            }
        }
        catch (Exception error) when (error is ImageException or OperationCanceledException)
        {
            // The main stream brings the rest of this part, or meets the same failure and tells.
            CountFailure(isProbe);
        }
        finally
        {
            part.Finish();
            End(part, isKept);
        }
    }

    private async Task FillAsync(BlobPart part, BlobRange range)
    {
        _source.Metrics.CountPart(range.Host.Name);
        while (part.Rest.Length > 0)
        {
            part.Advance(await range.ReadAsync(part.Rest, _stop.Token));
        }
    }

    // The host answers ranges. The part itself is of use if the main stream is not there yet.
    private bool AcceptProbe(BlobPart part)
    {
        lock (_lock)
        {
            _support = _support == Support.No ? Support.No : Support.Yes;
            if (_support == Support.No || part.Start < _claimed)
            {
                return false;
            }

            Enqueue(part);
            return true;
        }
    }

    private void CountFailure(bool isProbe)
    {
        lock (_lock)
        {
            _support = isProbe || ++_failures == FailuresMax ? Support.No : _support;
        }
    }

    private void End(BlobPart part, bool isKept)
    {
        lock (_lock)
        {
            _workers--;
            if (!isKept)
            {
                _source.Budget.Return(part.Memory);
            }

            Refill();
        }
    }
}
