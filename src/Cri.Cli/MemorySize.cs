using System.Globalization;

namespace Cri.Cli;

/// <summary>An amount of memory on a command line, in the words of Kubernetes: bytes, or a number with Ki, Mi, Gi, k, M or G.</summary>
internal static class MemorySize
{
    private static readonly (string Suffix, long Factor)[] _units =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("", 1),
    ];

    /// <summary>The bytes; -1 is no limit. Null when the text is no amount.</summary>
    public static long? Parse(string text)
    {
        if (text == "-1")
        {
            return -1;
        }

        var (suffix, factor) = _units.First(unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal));
        var number = text[..^suffix.Length];
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= long.MaxValue / factor
            ? value * factor
            : null;
    }
}
