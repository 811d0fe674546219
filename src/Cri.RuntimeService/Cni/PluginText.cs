using System.Text;

namespace Cri.RuntimeService.Cni;

/// <summary>What a plugin printed, made fit for an error message.</summary>
internal static class PluginText
{
    private const int Longest = 512;

    /// <summary>The beginning of a text on one line, without control characters.</summary>
    internal static string Excerpt(ReadOnlySpan<byte> text) => Excerpt(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 4 * Longest)]));

    /// <summary>The beginning of a text on one line, without control characters.</summary>
    internal static string Excerpt(string text)
    {
        var line = new StringBuilder();
        foreach (var c in text.Trim())
        {
            if (line.Length == Longest)
            {
                return line.Append("...").ToString();
            }

            line.Append(char.IsControl(c) ? ' ' : c);
        }

        return line.ToString();
    }
}
