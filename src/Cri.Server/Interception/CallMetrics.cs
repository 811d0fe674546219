using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Cri.Server.Interception;

/// <summary>The counters of CRI calls.</summary>
public sealed class CallMetrics : IDisposable
{
    /// <summary>The name under which all of Crisp's metrics are published.</summary>
    public const string MeterName = "crisp";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _seconds;

    /// <summary>Registers the instruments.</summary>
    public CallMetrics()
    {
        _calls = _meter.CreateCounter<long>("crisp_cri_calls_total", description: "CRI calls by method and status code.");
        _seconds = _meter.CreateHistogram<double>("crisp_cri_call_seconds", "s", "Time of CRI calls by method.");
    }

    /// <summary>Counts one call.</summary>
    public void Count(string method, StatusCode code, TimeSpan elapsed)
    {
        _calls.Add(1, new KeyValuePair<string, object?>("method", method), new KeyValuePair<string, object?>("code", code.ToString()));
        _seconds.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("method", method));
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
