namespace Cri.Stress.Soak;

/// <summary>
/// Whether a series of samples is flat. Two measures must agree that it grows: the line fitted through it by Theil and Sen, the median
/// of the slopes of all pairs, which outliers do not move; and the difference of the medians of its last and first thirds. A leak moves
/// both by all that is lost; a burst, a collection that comes late, or a cache that fills moves one.
/// </summary>
/// <param name="samples">In order, at even distances.</param>
public sealed class Trend(IReadOnlyList<long> samples)
{
    /// <summary>What the fitted line gains from the first to the last sample.</summary>
    public double Fitted => (samples.Count - 1) * Median([.. Slopes()]);

    /// <summary>How much the last third's median lies above the first's.</summary>
    public double Moved => Median([.. Third(2)]) - Median([.. Third(0)]);

    /// <summary>The growth that both measures see.</summary>
    public double Growth => Math.Min(Fitted, Moved);

    /// <inheritdoc/>
    public override string ToString() => $"{samples[0]} to {samples[^1]}, median {Median([.. samples])}, fitted growth {Fitted:0}, late less early {Moved:0}";

    private IEnumerable<double> Slopes() =>
        from later in Enumerable.Range(1, samples.Count - 1)
        from earlier in Enumerable.Range(0, later)
        select (samples[later] - samples[earlier]) / (double)(later - earlier);

    private IEnumerable<double> Third(int number) => samples.Skip(samples.Count * number / 3).Take(samples.Count / 3).Select(sample => (double)sample);

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length == 0 ? 0 : (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }

    private static double Median(long[] values) => Median([.. values.Select(value => (double)value)]);
}
