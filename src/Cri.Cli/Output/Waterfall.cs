using System.Globalization;
using System.Text;
using Cri.Api.CrispV1;

namespace Cri.Cli.Output;

/// <summary>
/// Calls and their steps as bars below each other. All bars have one scale, and the time between two calls, which is the caller's, is
/// left out of it: the line between them says how long it was.
/// </summary>
internal static class Waterfall
{
    private const int LeastBar = 20;
    private const int MostBar = 100;
    private const int TimeWidth = 11;
    private const double Million = 1_000_000;

    // A block of an eighth to eight eighths of a character.
    private static readonly char[] _eighths = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

    /// <summary>Draws the calls for a terminal of so many columns.</summary>
    public static string Of(IReadOnlyList<Trace> traces, int columns)
    {
        var rows = traces.SelectMany(Rows).ToList();
        var nameWidth = rows.Max(row => row.Name.Length);
        var barWidth = Math.Clamp(columns - nameWidth - TimeWidth - 4, LeastBar, MostBar);
        var total = traces.Sum(Length);
        var text = new StringBuilder();
        var (before, end) = (0L, 0L);
        foreach (var trace in traces)
        {
            var call = trace.Steps[0];
            if (end > 0 && call.StartedAt - end is > 0 and var gap)
            {
                text.Append($"{"".PadRight(nameWidth)}  {"",TimeWidth}  ... {Milliseconds(gap)} later\n");
            }

            foreach (var row in Rows(trace))
            {
                var bar = Bar(before + row.Step.StartedAt - call.StartedAt, Math.Max(row.Step.Duration, 0), total, barWidth);
                var time = row.Step.Duration < 0 ? "runs" : Milliseconds(row.Step.Duration);
                text.Append($"{row.Name.PadRight(nameWidth)}  {time,TimeWidth}  {bar}{(row.Step.Failed ? $"  failed: {row.Step.Error}" : "")}".TrimEnd()).Append('\n');
            }

            before += Length(trace);
            end = call.StartedAt + Length(trace);
        }

        return text.Append($"{"in all".PadRight(nameWidth)}  {Milliseconds(total),TimeWidth}\n").ToString();
    }

    /// <summary>Nanoseconds as milliseconds.</summary>
    public static string Milliseconds(long nanoseconds) => (nanoseconds / Million).ToString("#,0.0 ms", CultureInfo.InvariantCulture);

    // The steps in their order, each below the one it is part of.
    private static IEnumerable<(string Name, Step Step)> Rows(Trace trace) => Rows(trace, -1, 0);

    private static IEnumerable<(string Name, Step Step)> Rows(Trace trace, int parent, int depth)
    {
        for (var index = 0; index < trace.Steps.Count; index++)
        {
            var step = trace.Steps[index];
            if (step.Parent == parent)
            {
                yield return ($"{"".PadRight(2 * depth)}{step.Name}{Detail(step)}", step);
                foreach (var row in Rows(trace, index, depth + 1))
                {
                    yield return row;
                }
            }
        }
    }

    private static string Detail(Step step) => step.Detail.Length == 0 ? "" : " " + ShortId.In(step.Detail);

    // A call that runs is as long as its steps are known to be.
    private static long Length(Trace trace)
    {
        var begin = trace.Steps[0].StartedAt;
        return trace.Steps.Max(step => step.StartedAt + Math.Max(step.Duration, 0) - begin);
    }

    // What is shorter than an eighth of a character is drawn as one.
    private static string Bar(long start, long duration, long total, int width)
    {
        var scale = total == 0 ? 0 : 8.0 * width / total;
        var from = (int)(start * scale);
        var to = Math.Max(from + 1, (int)((start + duration) * scale));
        var bar = new StringBuilder().Append(' ', from / 8);
        var first = from / 8;
        for (var cell = first; cell * 8 < to; cell++)
        {
            // A bar that begins within a character begins with it: blocks grow from the left.
            bar.Append(_eighths[Math.Clamp(to - (cell * 8), 1, 8)]);
        }

        return bar.ToString();
    }
}
