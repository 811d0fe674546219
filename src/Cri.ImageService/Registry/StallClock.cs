using System.Diagnostics;

namespace Cri.ImageService.Registry;

/// <summary>
/// Ends reads that bring nothing for too long, or so little that a registry seems to hold the connection open for its own
/// sake, with a <see cref="TimeoutException"/>. Only the time spent reading counts, not what happens between. For one reader.
/// </summary>
internal sealed class StallClock : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly int _leastRate;
    private readonly CancellationToken _outer;
    private readonly CancellationTokenSource _source;
    private readonly Timer _timer;
    private long _readingSince;
    private TimeSpan _spent;
    private long _brought;

    /// <summary>
    /// A clock that ends a read after <paramref name="limit"/> without a byte, or when less than <paramref name="leastRate"/>
    /// bytes a second came for as long; 0 takes any rate.
    /// </summary>
    internal StallClock(TimeSpan limit, int leastRate, CancellationToken cancellation)
    {
        (_limit, _leastRate, _outer) = (limit, leastRate, cancellation);
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var tick = TimeSpan.FromMilliseconds(Math.Max(20, limit.TotalMilliseconds / 4));
        _timer = new Timer(static clock => ((StallClock)clock!).Check(), this, tick, tick);
    }

    internal async ValueTask<int> ReadAsync(Stream stream, Memory<byte> buffer)
    {
        var since = Stopwatch.GetTimestamp();
        Volatile.Write(ref _readingSince, since);
        try
        {
            var count = await stream.ReadAsync(buffer, _source.Token);
            Count(count, Stopwatch.GetElapsedTime(since));
            return count;
        }
        catch (OperationCanceledException error) when (!_outer.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing came for {_limit.TotalSeconds:0.#} s", error);
        }
        finally
        {
            Volatile.Write(ref _readingSince, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }

    private void Count(int count, TimeSpan elapsed)
    {
        _spent += elapsed;
        _brought += count;
        if (_spent < _limit)
        {
            return;
        }

        if (count > 0 && _brought < _leastRate * _spent.TotalSeconds)
        {
            throw new TimeoutException($"only {_brought} bytes came in {_spent.TotalSeconds:0.#} s");
        }

        (_spent, _brought) = (TimeSpan.Zero, 0);
    }

    private void Check()
    {
        var since = Volatile.Read(ref _readingSince);
        if (since == 0 || Stopwatch.GetElapsedTime(since) < _limit)
        {
            return;
        }

        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The reading ended just now.
        }
    }
}
