using System.Globalization;
using System.Text.Json;

namespace Cri.Cli.Streaming;

/// <summary>How an exec or attach ended, as the error channel tells it: a metav1.Status as JSON.</summary>
internal static class StreamStatus
{
    /// <summary>The exit code of what ran.</summary>
    /// <param name="what">What was done, for failures.</param>
    /// <param name="json">What the error channel had.</param>
    /// <exception cref="CommandFailure">It could not be served, or nobody said how it ended.</exception>
    public static int ExitCode(string what, ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
        {
            throw new CommandFailure(what, "the connection ended without a status");
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            var status = document.RootElement;
            return Text(status, "status") == "Success"
                ? 0
                : Code(status) ?? throw new CommandFailure(what, Text(status, "message") ?? "failed without a reason");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CommandFailure(what, $"not a status: {System.Text.Encoding.UTF8.GetString(json.Span)}");
        }
    }

    private static int? Code(JsonElement status)
    {
        if (Text(status, "reason") != "NonZeroExitCode"
            || !status.TryGetProperty("details", out var details) || !details.TryGetProperty("causes", out var causes))
        {
            return null;
        }

        var cause = causes.EnumerateArray().FirstOrDefault(cause => Text(cause, "reason") == "ExitCode");
        return cause.ValueKind == JsonValueKind.Object
            && int.TryParse(Text(cause, "message"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var code) ? code : null;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
