using System.Globalization;
using System.Text;

namespace Cri.Server.Logging;

/// <summary>A key and its value in a log entry.</summary>
/// <param name="Key">A name of letters, digits, '_', '.', '-'.</param>
/// <param name="Value">Any text; it is quoted where needed.</param>
public readonly record struct LogField(string Key, string? Value)
{
    /// <summary>Lets an entry be written as <c>("pod", id)</c>.</summary>
    public static implicit operator LogField((string Key, string? Value) pair) => new(pair.Key, pair.Value);

    /// <summary>Lets an entry be written as <c>("pid", 17)</c>.</summary>
    public static implicit operator LogField((string Key, long Value) pair) =>
        new(pair.Key, pair.Value.ToString(CultureInfo.InvariantCulture));
}

/// <summary>
/// A log in logfmt: one line for each entry, <c>time=... level=info msg="..." key=value</c>. Values cannot forge a line or a key: control
/// characters, quotes and backslashes are escaped. Lines are at most <see cref="MaxLine"/> bytes. Any thread may write.
/// </summary>
/// <example><c>log.Info("pod is running", ("pod", id), ("milliseconds", 41));</c></example>
public sealed class Logger(Stream output, LogLevel level)
{
    /// <summary>The most bytes in a line, with its newline.</summary>
    public const int MaxLine = 8 * 1024;

    // What a text may take, so that one long value does not push out the rest of the entry.
    private const int MaxText = 4 * 1024;

    [ThreadStatic]
    private static LogLine? _line;

    private readonly Lock _writing = new();

    /// <summary>A log to standard error.</summary>
    public static Logger ToStandardError(LogLevel level) => new(Console.OpenStandardError(), level);

    /// <summary>True when entries of this level are written.</summary>
    public bool IsEnabled(LogLevel entryLevel) => entryLevel >= level;

    /// <summary>Writes an entry for finding a fault.</summary>
    public void Debug(string message, params ReadOnlySpan<LogField> fields) => Write(LogLevel.Debug, message, fields);

    /// <summary>Writes an entry for the operator.</summary>
    public void Info(string message, params ReadOnlySpan<LogField> fields) => Write(LogLevel.Info, message, fields);

    /// <summary>Writes an entry on something that is not as it should be.</summary>
    public void Warn(string message, params ReadOnlySpan<LogField> fields) => Write(LogLevel.Warn, message, fields);

    /// <summary>Writes an entry on something that failed.</summary>
    public void Error(string message, params ReadOnlySpan<LogField> fields) => Write(LogLevel.Error, message, fields);

    /// <summary>Writes an entry. A log that cannot be written to is no reason to fail.</summary>
    public void Write(LogLevel entryLevel, string message, params ReadOnlySpan<LogField> fields)
    {
        if (!IsEnabled(entryLevel))
        {
            return;
        }

        var line = _line ??= new LogLine(MaxLine);
        line.Begin(DateTime.UtcNow, entryLevel);
        line.Append("msg", message, MaxText);
        foreach (var field in fields)
        {
            line.Append(field.Key, field.Value ?? "", MaxText);
        }

        Flush(line.End());
    }

    private void Flush(ReadOnlySpan<byte> bytes)
    {
        lock (_writing)
        {
            try
            {
                output.Write(bytes);
            }
            catch (IOException)
            {
                // Nobody reads standard error any more.
            }
        }
    }
}
