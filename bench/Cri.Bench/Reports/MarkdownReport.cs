using System.Text;

namespace Cri.Bench.Reports;

/// <summary>A table for each scenario, readable as it is and as Markdown.</summary>
public static class MarkdownReport
{
    /// <summary>Writes the tables.</summary>
    public static string Write(IReadOnlyList<FigureRow> rows, IReadOnlyList<string> endpoints)
    {
        var text = new StringBuilder();
        foreach (var scenario in rows.GroupBy(row => row.Figure.Scenario))
        {
            string[][] cells =
            [
                [scenario.Key, "unit", .. endpoints, .. endpoints.Count > 1 ? new[] { "ratio" } : []],
                .. scenario.Select(row => (string[])
                [
                    row.Figure.Name + (row.Figure.MoreIsBetter ? " (more is better)" : ""), row.Figure.Unit,
                    .. row.Values.Select(FigureRow.Cell), .. endpoints.Count > 1 ? new[] { row.RatioText() } : [],
                ]),
            ];
            var widths = Enumerable.Range(0, cells[0].Length).Select(column => cells.Max(line => line[column].Length)).ToArray();
            for (var line = 0; line < cells.Length; line++)
            {
                text.Append("| ").AppendJoin(" | ", cells[line].Select((cell, column) => cell.PadRight(widths[column]))).Append(" |\n");
                if (line == 0)
                {
                    text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).Append("|\n");
                }
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
