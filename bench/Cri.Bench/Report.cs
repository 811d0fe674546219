namespace Cri.Bench;

/// <summary>Prints p50 and p99 of each call, and the ratio of the medians to those of the last endpoint.</summary>
public static class Report
{
    /// <summary>Writes the table to standard output.</summary>
    public static void Print(IReadOnlyList<PodLifecycle> endpoints)
    {
        var last = endpoints[^1];
        Console.WriteLine($"{"call",-22}" + string.Concat(endpoints.Select(endpoint => $"{endpoint.Name + " p50/p99 ms",26}"))
            + (endpoints.Count > 1 ? $"{"ratio of p50",16}" : ""));
        foreach (var (call, _) in last.Times)
        {
            var cells = endpoints.Select(endpoint => $"{Percentile(endpoint.Times[call], 0.5),18:0.0} /{Percentile(endpoint.Times[call], 0.99),6:0.0}");
            var ratio = endpoints.Count > 1
                ? $"{Percentile(endpoints[0].Times[call], 0.5) / Percentile(last.Times[call], 0.5),16:0.00}"
                : "";
            Console.WriteLine($"{call,-22}{string.Concat(cells)}{ratio}");
        }
    }

    private static double Percentile(List<double> values, double rank)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)Math.Ceiling(rank * sorted.Count) - 1];
    }
}
