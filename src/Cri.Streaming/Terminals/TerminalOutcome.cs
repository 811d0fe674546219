using System.Text;
using System.Text.Json;

namespace Cri.Streaming.Terminals;

/// <summary>How an exec or attach ended, as the error stream tells it.</summary>
/// <param name="ExitCode">The process's exit code; null when it could not be served.</param>
/// <param name="Message">What went wrong; empty when nothing did.</param>
internal sealed record TerminalOutcome(int? ExitCode, string Message)
{
    /// <summary>A process that ended.</summary>
    internal static TerminalOutcome Exited(int code) =>
        new(code, code == 0 ? "" : $"command terminated with non-zero exit code: exit status {code}");

    /// <summary>A request that could not be served.</summary>
    internal static TerminalOutcome Failed(string message) => new(null, $"Internal error occurred: {message}");

    /// <summary>
    /// The bytes for the error stream. From v4.channel.k8s.io on that is a metav1.Status as JSON; before, nothing or the plain
    /// message, and an exit code cannot be told.
    /// </summary>
    internal byte[] Write(bool asStatus) => asStatus ? Status() : Encoding.UTF8.GetBytes(Message);

    private byte[] Status()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteEndObject();
            json.WriteString("status", ExitCode == 0 ? "Success" : "Failure");
            if (ExitCode != 0)
            {
                json.WriteString("message", Message);
                WriteReason(json);
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private void WriteReason(Utf8JsonWriter json)
    {
        if (ExitCode is not { } code)
        {
            json.WriteString("reason", "InternalError");
            json.WriteNumber("code", 500);
            return;
        }

        json.WriteString("reason", "NonZeroExitCode");
        json.WriteStartObject("details");
        json.WriteStartArray("causes");
        json.WriteStartObject();
        json.WriteString("reason", "ExitCode");
        json.WriteString("message", $"{code}");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
