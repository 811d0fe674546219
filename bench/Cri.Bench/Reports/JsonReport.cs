using System.Text.Json;
using Cri.Bench.Measuring;

namespace Cri.Bench.Reports;

/// <summary>All values of a run, for whoever wants to compute with them.</summary>
public static class JsonReport
{
    private static readonly JsonSerializerOptions _options = new() { WriteIndented = true };

    /// <summary>Writes an array with an object for each figure.</summary>
    public static string Write(IReadOnlyList<FigureRow> rows, IReadOnlyList<string> endpoints) => JsonSerializer.Serialize(
        rows.Select(row => new
        {
            scenario = row.Figure.Scenario,
            name = row.Figure.Name,
            unit = row.Figure.Unit,
            moreIsBetter = row.Figure.MoreIsBetter,
            ratio = row.Ratio is null ? null : new { value = row.Ratio.Value, low = row.Ratio.Low, high = row.Ratio.High },
            endpoints = endpoints.Zip(row.Values).Where(pair => pair.Second.Count > 0).ToDictionary(pair => pair.First, pair => new
            {
                p50 = Statistics.Percentile(pair.Second, 0.5),
                p90 = Statistics.Percentile(pair.Second, 0.9),
                p99 = Statistics.Percentile(pair.Second, 0.99),
                values = pair.Second,
            }),
        }),
        _options);
}
