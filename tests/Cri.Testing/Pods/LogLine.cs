using System.Globalization;

namespace Cri.Testing.Pods;

/// <summary>A line of a CRI log file: <c>time stream tag text</c>.</summary>
/// <param name="Time">When it was written.</param>
/// <param name="Stream">stdout or stderr.</param>
/// <param name="IsPartial">True for P: the container's line goes on in the next one.</param>
/// <param name="Text">The text.</param>
public sealed record LogLine(DateTimeOffset Time, string Stream, bool IsPartial, string Text)
{
    /// <summary>Reads a whole file; a last line without its end is still being written and does not count.</summary>
    public static IReadOnlyList<LogLine> ReadAll(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        var lines = reader.ReadToEnd().Split('\n');
        return [.. lines[..^1].Select(Parse)];
    }

    /// <summary>Parses a line without its end. Throws <see cref="FormatException"/> for one that is not in the format.</summary>
    public static LogLine Parse(string line)
    {
        var parts = line.Split(' ', 4);
        if (parts is not [var time, "stdout" or "stderr", "P" or "F", _] || !time.Contains('T', StringComparison.Ordinal))
        {
            throw new FormatException($"not a line of a CRI log: \"{line}\"");
        }

        return new LogLine(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture), parts[1], parts[2] == "P", parts[3]);
    }
}
