using System.Buffers;
using System.Globalization;

namespace Cri.ImageService.Hosts;

/// <summary>Durations as Go writes them: numbers with units in a row, <c>1m30s</c>, <c>500ms</c>.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> _numberCharacters = SearchValues.Create("0123456789.");

    internal static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(_numberCharacters);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAny(_numberCharacters);
            var unit = rest[..(letters < 0 ? rest.Length : letters)];
            if (SecondsOf(unit) is not { } seconds || number * seconds > int.MaxValue)
            {
                return false;
            }

            duration += TimeSpan.FromSeconds(number * seconds);
            rest = rest[unit.Length..];
        }

        return text.Length > 0;
    }

    private static double? SecondsOf(ReadOnlySpan<char> unit) => unit switch
    {
        "h" => 3600,
        "m" => 60,
        "s" => 1,
        "ms" => 1e-3,
        "us" or "µs" => 1e-6,
        "ns" => 1e-9,
        _ => null,
    };
}
