using System.Globalization;

namespace Cri.Cli;

/// <summary>A duration as people type it: a number with s, m or h, or a plain number of seconds.</summary>
internal static class Duration
{
    /// <summary>Reads a duration; false when it is none or negative.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var (digits, unit) = text switch
        {
            [.. var head, 'h'] => (head, 3600d),
            [.. var head, 'm'] => (head, 60d),
            [.. var head, 's'] => (head, 1d),
            _ => (text, 1d),
        };
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value * unit > 1e6)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(value * unit);
        return true;
    }
}
