using System.Globalization;

namespace Cri.RuntimeService.Cni;

/// <summary>A pod's traffic limits; a rate of 0 is no limit in that direction.</summary>
/// <param name="IngressRate">To the pod, in bits per second.</param>
/// <param name="IngressBurst">In bits.</param>
/// <param name="EgressRate">From the pod, in bits per second.</param>
/// <param name="EgressBurst">In bits.</param>
public sealed record CniBandwidth(ulong IngressRate, ulong IngressBurst, ulong EgressRate, ulong EgressBurst)
{
    private const string IngressKey = "kubernetes.io/ingress-bandwidth";
    private const string EgressKey = "kubernetes.io/egress-bandwidth";

    // The bounds that Kubernetes sets, and the largest burst that the bandwidth plugin takes.
    private const decimal Lowest = 1_000m;
    private const decimal Highest = 1_000_000_000_000_000m;
    private const ulong LargestBurst = int.MaxValue;

    private static readonly (string Suffix, decimal Factor)[] _suffixes =
    [
        ("Ki", 1024m), ("Mi", 1048576m), ("Gi", 1073741824m), ("Ti", 1099511627776m), ("Pi", 1125899906842624m),
        ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m), ("m", 1e-3m), ("", 1m),
    ];

    /// <summary>The limits in a pod's kubernetes.io/{ingress,egress}-bandwidth annotations; null when it has none.</summary>
    /// <exception cref="FormatException">A value is no quantity, or is not between 1k and 1P.</exception>
    public static CniBandwidth? FromAnnotations(IReadOnlyDictionary<string, string> annotations)
    {
        var ingress = Rate(annotations, IngressKey);
        var egress = Rate(annotations, EgressKey);
        return (ingress, egress) == (0, 0)
            ? null
            : new CniBandwidth(ingress, ingress == 0 ? 0 : LargestBurst, egress, egress == 0 ? 0 : LargestBurst);
    }

    private static ulong Rate(IReadOnlyDictionary<string, string> annotations, string key)
    {
        if (!annotations.TryGetValue(key, out var text))
        {
            return 0;
        }

        var (suffix, factor) = _suffixes.First(s => text.EndsWith(s.Suffix, StringComparison.Ordinal));
        const NumberStyles styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!decimal.TryParse(text.AsSpan(0, text.Length - suffix.Length), styles, CultureInfo.InvariantCulture, out var number)
            || number > Highest / factor || number * factor < Lowest)
        {
            throw new FormatException($"annotation {key}: \"{text}\" is not a rate between 1k and 1P bits per second");
        }

        return (ulong)(number * factor);
    }
}
