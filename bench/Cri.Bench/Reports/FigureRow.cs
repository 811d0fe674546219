using System.Globalization;
using Cri.Bench.Measuring;

namespace Cri.Bench.Reports;

/// <summary>A figure at all endpoints.</summary>
/// <param name="Figure">The figure.</param>
/// <param name="Values">The values at each endpoint, in the order of the endpoints; empty where it was not measured.</param>
public sealed record FigureRow(Figure Figure, IReadOnlyList<IReadOnlyList<double>> Values)
{
    private static readonly double[] _ranks = [0.5, 0.9, 0.99];

    /// <summary>The ratio of the first endpoint's median to the last one's; null when one of them has none, or nothing to divide by.</summary>
    public Ratio? Ratio { get; } = Values.Count > 1 && Values[0].Count > 0 && Values[^1].Count > 0 && Statistics.Median(Values[^1]) > 0
        ? Statistics.RatioOfMedians(Values[0], Values[^1])
        : null;

    /// <summary>All rows of a run.</summary>
    public static IReadOnlyList<FigureRow> Of(Measurements measurements, IReadOnlyList<string> endpoints) =>
        [.. measurements.Figures.Select(figure => new FigureRow(figure, [.. endpoints.Select(endpoint => measurements.Of(figure, endpoint))]))];

    /// <summary>An endpoint's values in words: p50, p90 and p99 of many, the median and the range of a few.</summary>
    public static string Cell(IReadOnlyList<double> values) => values.Count switch
    {
        0 => "-",
        1 => Number(values[0]),
        < 10 => $"{Number(Statistics.Median(values))} ({Number(values.Min())} to {Number(values.Max())})",
        _ => string.Join(" / ", _ranks.Select(rank => Number(Statistics.Percentile(values, rank)))),
    };

    /// <summary>The ratio in words, with its interval.</summary>
    public string RatioText() => Ratio is { } ratio
        ? string.Create(CultureInfo.InvariantCulture, $"{ratio.Value:0.00} ({ratio.Low:0.00} to {ratio.High:0.00})")
        : "-";

    private static string Number(double value) => value switch
    {
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
