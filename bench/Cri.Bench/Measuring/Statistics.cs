namespace Cri.Bench.Measuring;

/// <summary>What is said of a series of values.</summary>
public static class Statistics
{
    private const int Resamples = 2000;

    /// <summary>The value at a rank from 0 to 1: the smallest that so many of the values do not exceed.</summary>
    public static double Percentile(IReadOnlyList<double> values, double rank)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Max(0, (int)Math.Ceiling(rank * sorted.Count) - 1)];
    }

    /// <summary>The middle value; of an even number of them the mean of both in the middle.</summary>
    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>The ratio of two medians and the range that holds it with 95% confidence, by resampling both series (bootstrap).</summary>
    public static Ratio RatioOfMedians(IReadOnlyList<double> values, IReadOnlyList<double> peer)
    {
        var random = new Random(1);
        var ratios = Enumerable.Range(0, Resamples).Select(_ => Median(Resample(values, random)) / Median(Resample(peer, random))).Order().ToList();
        return new Ratio(Median(values) / Median(peer), ratios[Resamples / 40], ratios[Resamples - 1 - (Resamples / 40)]);
    }

    private static List<double> Resample(IReadOnlyList<double> values, Random random) =>
        [.. Enumerable.Range(0, values.Count).Select(_ => values[random.Next(values.Count)])];
}

/// <summary>A ratio with its confidence interval.</summary>
/// <param name="Value">The ratio of the medians.</param>
/// <param name="Low">The lower end of the interval.</param>
/// <param name="High">The upper end.</param>
public sealed record Ratio(double Value, double Low, double High);
