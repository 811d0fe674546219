namespace Cri.Cli.Logs;

/// <summary>The end of a log: its last full lines, with the pieces that belong to them.</summary>
internal static class LogTail
{
    /// <summary>The last <paramref name="count"/> full lines of those given.</summary>
    public static IReadOnlyCollection<LogLine> Last(IEnumerable<LogLine> lines, int count)
    {
        var kept = new Queue<LogLine>();
        var full = 0;
        foreach (var line in lines)
        {
            kept.Enqueue(line);
            full += line.IsFull ? 1 : 0;
            while (full > count)
            {
                full -= kept.Dequeue().IsFull ? 1 : 0;
            }
        }

        return count == 0 ? [] : kept;
    }
}
