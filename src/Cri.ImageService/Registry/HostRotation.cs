using System.Globalization;
using Cri.ImageService.Hosts;
using Grpc.Core;

namespace Cri.ImageService.Registry;

/// <summary>
/// Which host to ask next for one thing, and when to give up. A host that fails for now hands over to the next at once; after
/// the last one there is a pause and another round. A host that refuses for good is left out. Remembers who failed how often,
/// for the final words. Use once, from one thread at a time.
/// </summary>
internal sealed class HostRotation
{
    private readonly List<Candidate> _all;
    private readonly List<Candidate> _open;
    private readonly Backoff _backoff;
    private readonly int _rounds;
    private readonly PullMetrics _metrics;
    private int _current;
    private int _round = 1;
    private bool _progressed;

    /// <summary>A rotation over <paramref name="hosts"/>, which are not empty, in their order, of so many rounds without progress.</summary>
    internal HostRotation(IEnumerable<RegistryHost> hosts, int rounds, ImageServiceOptions options, PullMetrics metrics)
    {
        _all = [.. hosts.Select(host => new Candidate(host))];
        _open = [.. _all];
        _backoff = new Backoff(options);
        _rounds = rounds;
        _metrics = metrics;
    }

    /// <summary>The host whose turn it is.</summary>
    internal RegistryHost Current => _open[_current].Host;

    /// <summary>Says that the current host delivers. Its next failure is taken for bad luck, and the rounds count anew.</summary>
    internal void Progressed()
    {
        _progressed = true;
        _round = 1;
    }

    /// <summary>Says that the current host failed; returns when it is time to ask <see cref="Current"/>.</summary>
    /// <exception cref="ImageException">Nobody is left to ask. It tells what every host said and how often it was asked.</exception>
    internal async Task FailedAsync(ImageException failure, CancellationToken cancellation)
    {
        var candidate = _open[_current];
        candidate.Fail(failure);
        var pause = Advance(candidate, failure.StatusCode == StatusCode.Unavailable);
        var until = TimeSpan.FromMilliseconds(_open[_current].NotBefore - Environment.TickCount64);
        _metrics.CountRetry(candidate.Host.Name);
        await Task.Delay(until > pause ? until : pause, cancellation);
    }

    private TimeSpan Advance(Candidate candidate, bool mayPass)
    {
        if (mayPass)
        {
            candidate.NotBefore = Environment.TickCount64 + (long)AskedPause(candidate).TotalMilliseconds;
            if (_progressed)
            {
                _progressed = false;
                return _backoff.Before(0);
            }

            _current++;
        }
        else
        {
            _open.Remove(candidate);
        }

        return _open.Count == 0 ? throw Summary() : _current < _open.Count ? TimeSpan.Zero : NextRound();
    }

    private TimeSpan NextRound()
    {
        _current = 0;
        return _round++ < _rounds ? _backoff.Before(_round - 2) : throw Summary();
    }

    private TimeSpan AskedPause(Candidate candidate) =>
        candidate.Last!.RetryAfter is { } asked ? _backoff.Before(0, asked) : TimeSpan.Zero;

    // The last host is the registry itself, so its answer gives the code; the words of all are told.
    private ImageException Summary()
    {
        var failed = _all.Where(candidate => candidate.Last is not null).ToList();
        return new ImageException(
            failed[^1].Last!.StatusCode, string.Join("; ", failed.Select(candidate => candidate.ToString())), failed[^1].Last);
    }

    private sealed class Candidate(RegistryHost host)
    {
        private int _failures;

        internal RegistryHost Host => host;

        internal ImageException? Last { get; private set; }

        // In milliseconds of Environment.TickCount64, which no clock that is set moves.
        internal long NotBefore { get; set; }

        internal void Fail(ImageException failure)
        {
            Last = failure;
            _failures++;
        }

        public override string ToString() =>
            _failures == 1 ? Last!.Message : string.Create(CultureInfo.InvariantCulture, $"{Last!.Message} (failed {_failures} times)");
    }
}
