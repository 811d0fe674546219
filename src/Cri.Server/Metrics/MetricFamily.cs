using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Cri.Server.Metrics;

/// <summary>One instrument's series, by their labels.</summary>
internal sealed class MetricFamily
{
    // A label whose values never end must not take all memory; what is beyond goes into one series without labels.
    private const int MostSeries = 1000;

    // Upper bounds in seconds.
    private static readonly double[] _bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly string _help;
    private readonly string _type;
    private readonly bool _adds;
    private readonly bool _observed;
    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

    internal MetricFamily(Instrument instrument)
    {
        Name = MetricName(instrument.Name);
        _help = Escape(instrument.Description ?? "");
        _observed = instrument.IsObservable;
        _type = instrument switch
        {
            Counter<int> or Counter<long> or Counter<double> => "counter",
            ObservableCounter<int> or ObservableCounter<long> or ObservableCounter<double> => "counter",
            Histogram<int> or Histogram<long> or Histogram<double> => "histogram",
            _ => "gauge",
        };

        // An observed instrument and a gauge say what the value is, the others by how much it changes.
        _adds = !_observed && instrument is not (Gauge<int> or Gauge<long> or Gauge<double>);
    }

    /// <summary>The family's name.</summary>
    internal string Name { get; }

    /// <summary>Takes one measurement.</summary>
    internal void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = Labels(tags);
        lock (_series)
        {
            if (!_series.TryGetValue(labels, out var series))
            {
                series = Begin(_series.Count < MostSeries ? labels : "");
            }

            series.Record(value, _adds);
        }
    }

    private Series Begin(string labels) =>
        _series.TryGetValue(labels, out var shared) ? shared : _series[labels] = new Series(_type == "histogram" ? _bounds.Length : 0);

    /// <summary>Drops the series of an observed instrument, before it is observed again: what is gone must not be shown.</summary>
    internal void ForgetObserved()
    {
        lock (_series)
        {
            if (_observed)
            {
                _series.Clear();
            }
        }
    }

    /// <summary>Writes the family; nothing when it has no series.</summary>
    internal void Write(StringBuilder page)
    {
        lock (_series)
        {
            if (_series.Count == 0)
            {
                return;
            }

            page.Append(CultureInfo.InvariantCulture, $"# HELP {Name} {_help}\n# TYPE {Name} {_type}\n");
            foreach (var (labels, series) in _series)
            {
                series.Write(page, Name, labels);
            }
        }
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            var text = Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Replace("\"", "\\\"", StringComparison.Ordinal);
            labels.Append(labels.Length > 0 ? "," : "").Append(MetricName(key).Replace(':', '_')).Append("=\"").Append(text).Append('"');
        }

        return labels.ToString();
    }

    private static string MetricName(string name)
    {
        var valid = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_'));
        return valid.Length == 0 || char.IsAsciiDigit(valid[0]) ? "_" + valid : valid;
    }

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private sealed class Series(int bounds)
    {
        private readonly long[] _buckets = new long[bounds];
        private double _value;
        private long _count;

        internal void Record(double value, bool adds)
        {
            _value = adds ? _value + value : value;
            _count++;
            for (var i = 0; i < _buckets.Length; i++)
            {
                _buckets[i] += value <= _bounds[i] ? 1 : 0;
            }
        }

        internal void Write(StringBuilder page, string name, string labels)
        {
            var braces = labels.Length > 0 ? $"{{{labels}}}" : "";
            if (_buckets.Length == 0)
            {
                page.Append(CultureInfo.InvariantCulture, $"{name}{braces} {_value}\n");
                return;
            }

            var others = labels.Length > 0 ? labels + "," : "";
            for (var i = 0; i < _buckets.Length; i++)
            {
                page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{others}le=\"{_bounds[i]}\"}} {_buckets[i]}\n");
            }

            page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{others}le=\"+Inf\"}} {_count}\n");
            page.Append(CultureInfo.InvariantCulture, $"{name}_sum{braces} {_value}\n{name}_count{braces} {_count}\n");
        }
    }
}
