using System.Text.Json;
using Cri.Linux;

namespace Cri.Shim.Runtime;

/// <summary>The log an OCI runtime writes with --log-format json: one object on a line, with level and msg.</summary>
internal static class RuntimeLog
{
    /// <summary>The message of the last line that reports an error, or else of the last line; null when there is no log.</summary>
    public static string? LastError(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        string? last = null;
        string? error = null;
        foreach (var line in SmallFile.ReadText(path).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var (level, message) = Parse(line);
            last = message ?? last;
            error = level is "error" or "fatal" or "panic" ? message ?? error : error;
        }

        return error ?? last;
    }

    private static (string? Level, string? Message) Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return (Text(json.RootElement, "level"), Text(json.RootElement, "msg"));
        }
        catch (JsonException)
        {
            // A line that is no JSON, as a crashing runtime leaves it, still says more than nothing.
            return (null, line);
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
