using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Stats;
using Google.Protobuf.Collections;

namespace Cri.RuntimeService.Metrics;

/// <summary>Collects the samples of one pod or container, all with the same base labels and the same time.</summary>
/// <param name="target">Where they go.</param>
/// <param name="labels">The values of <see cref="MetricFamily.BaseLabels"/>.</param>
public sealed class MetricSamples(RepeatedField<V1.Metric> target, params string[] labels)
{
    private const ulong Second = 1_000_000_000;
    private readonly long _now = Clock.Now;

    /// <summary>When they are taken, Unix nanoseconds.</summary>
    public long Time => _now;

    /// <summary>Adds a sample, unless its value is not known.</summary>
    /// <param name="family">The metric.</param>
    /// <param name="value">The value, in the unit that the metric's name says.</param>
    /// <param name="own">The values of the metric's own labels.</param>
    public void Add(MetricFamily family, ulong? value, params ReadOnlySpan<string> own)
    {
        if (own.Length != family.OwnLabels.Length)
        {
            throw new ArgumentException($"metric {family.Name} has {family.OwnLabels.Length} labels of its own, not {own.Length}");
        }

        if (value is null)
        {
            return;
        }

        var metric = new V1.Metric
        {
            Name = family.Name,
            MetricType = family.Type,
            Timestamp = _now,
            Value = Amount.Of(value),
            LabelValues = { labels },
        };
        foreach (var label in own)
        {
            metric.LabelValues.Add(label);
        }

        target.Add(metric);
    }

    /// <summary>Adds a sample in seconds from a time in nanoseconds; the CRI's values are whole numbers.</summary>
    public void AddSeconds(MetricFamily family, ulong? nanoseconds) => Add(family, nanoseconds / Second);
}
