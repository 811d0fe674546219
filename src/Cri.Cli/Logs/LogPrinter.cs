namespace Cri.Cli.Logs;

/// <summary>Writes log lines where the container wrote them: stdout to stdout, stderr to stderr, pieces joined again.</summary>
internal sealed class LogPrinter(Terminal terminal)
{
    /// <summary>Writes these lines.</summary>
    public void Print(IEnumerable<LogLine> lines)
    {
        foreach (var line in lines)
        {
            var stream = line.IsError ? terminal.Error : terminal.Out;
            stream.Write(line.Text.Span);
            if (line.IsFull)
            {
                stream.WriteByte((byte)'\n');
            }
        }

        terminal.Out.Flush();
        terminal.Error.Flush();
    }
}
