using System.Text;
using System.Text.Json;

namespace Cri.Shim.Runtime;

/// <summary>The log an OCI runtime writes with --log-format json: one object on a line, with level and msg.</summary>
internal static class RuntimeLog
{
    private const int Longest = 64 << 10;
    private const int LongestMessage = 4 << 10;

    /// <summary>The message of the last line that reports an error, or else of the last line; null when there is no log.</summary>
    public static string? LastError(string path)
    {
        string? last = null;
        string? error = null;
        foreach (var line in End(path).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var (level, message) = Parse(line);
            last = message ?? last;
            error = level is "error" or "fatal" or "panic" ? message ?? error : error;
        }

        return error ?? last;
    }

    // What a runtime gone mad wrote is not to fill our memory.
    private static string End(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var bytes = new byte[Longest];
            var count = RandomAccess.Read(file, bytes, Math.Max(0, RandomAccess.GetLength(file) - Longest));
            return Encoding.UTF8.GetString(bytes, 0, count);
        }
        catch (IOException)
        {
            return "";
        }
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
            return (null, Excerpt(line));
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? Excerpt(value.GetString()!)
            : null;

    private static string Excerpt(string text) => text.Length <= LongestMessage ? text : text[..LongestMessage] + "...";
}
