using System.Text;

namespace Cri.Cli.Output;

/// <summary>A table for people: aligned columns, two spaces apart, under a heading.</summary>
internal sealed class TextTable(params string[] heading)
{
    private readonly List<string[]> _rows = [heading];

    /// <summary>Adds a row; what is missing stays empty, "-" stands for empty cells.</summary>
    public void Add(params string[] cells) => _rows.Add([.. cells.Select(cell => cell.Length == 0 ? "-" : cell)]);

    /// <inheritdoc/>
    public override string ToString()
    {
        var widths = new int[heading.Length];
        foreach (var row in _rows)
        {
            for (var column = 0; column < row.Length; column++)
            {
                widths[column] = Math.Max(widths[column], row[column].Length);
            }
        }

        var text = new StringBuilder();
        foreach (var row in _rows)
        {
            var cells = row.Select((cell, column) => column == row.Length - 1 ? cell : cell.PadRight(widths[column]));
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
