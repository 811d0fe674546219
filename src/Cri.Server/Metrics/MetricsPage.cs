using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Cri.Server.Metrics;

/// <summary>
/// Gathers what meters record (System.Diagnostics.Metrics) and writes it in Prometheus' text format 0.0.4. Labels come from the
/// measurements' tags; a histogram has buckets from a millisecond to a minute.
/// </summary>
public sealed class MetricsPage : IDisposable
{
    /// <summary>The page's media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new();

    /// <summary>Begins to gather what the meters of these names record.</summary>
    public MetricsPage(params string[] meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters.Contains(instrument.Meter.Name))
            {
                var family = new MetricFamily(instrument);
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(family.Name, family));
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>The page as it is now; instruments that are observed are asked.</summary>
    public string Render()
    {
        foreach (var family in _families.Values)
        {
            family.ForgetObserved();
        }

        _listener.RecordObservableInstruments();
        var page = new StringBuilder();
        foreach (var (_, family) in _families.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            family.Write(page);
        }

        return page.ToString();
    }

    /// <summary>Gathers no more.</summary>
    public void Dispose() => _listener.Dispose();
}
