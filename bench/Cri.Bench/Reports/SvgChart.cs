using System.Globalization;
using System.Net;
using System.Text;
using Cri.Bench.Measuring;

namespace Cri.Bench.Reports;

/// <summary>
/// A bar for each figure: the first endpoint in per cent of the last, whose bar would end at the line. A throughput is turned round,
/// so that the shorter bar is always the better one. The whisker is the confidence interval.
/// </summary>
public static class SvgChart
{
    private const int RowHeight = 22;
    private const int Left = 400;
    private const int Unit = 300;
    private const double Most = 1.5;

    /// <summary>Draws it.</summary>
    public static string Write(IReadOnlyList<FigureRow> rows, IReadOnlyList<string> endpoints)
    {
        var bars = rows.Where(row => row.Ratio is not null && row.Figure.Unit.Length > 0).ToList();
        var height = ((bars.Count + 2) * RowHeight) + 10;
        var svg = new StringBuilder();
        Invariant(svg, $"""<svg xmlns="http://www.w3.org/2000/svg" width="{Left + (Most * Unit) + 90}" height="{height}" font-family="sans-serif" font-size="12">""");
        Invariant(svg, $"""<rect width="100%" height="100%" fill="white"/>""");
        Invariant(svg, $"""<text x="{Left}" y="16" font-weight="bold">{Escape(endpoints[0])} as a part of {Escape(endpoints[^1])}; shorter is better</text>""");
        for (var i = 0; i < bars.Count; i++)
        {
            Bar(svg, bars[i], ((i + 1) * RowHeight) + 6);
        }

        Invariant(svg, $"""<line x1="{Left + Unit}" y1="{RowHeight}" x2="{Left + Unit}" y2="{height - 10}" stroke="#444" stroke-dasharray="4 3"/>""");
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    private static void Bar(StringBuilder svg, FigureRow row, double y)
    {
        var ratio = row.Figure.MoreIsBetter ? new Ratio(1 / row.Ratio!.Value, 1 / row.Ratio.High, 1 / row.Ratio.Low) : row.Ratio!;
        double Length(double value) => Math.Min(value, Most) * Unit;
        Invariant(svg, $"""<text x="{Left - 8}" y="{y + 12}" text-anchor="end">{Escape(row.Figure.Scenario)}: {Escape(row.Figure.Name)}</text>""");
        Invariant(svg, $"""<rect x="{Left}" y="{y}" width="{Length(ratio.Value):0.#}" height="14" fill="{(ratio.Value <= 1 ? "#2a7f62" : "#b5523b")}"/>""");
        Invariant(svg, $"""<line x1="{Left + Length(ratio.Low):0.#}" y1="{y + 7}" x2="{Left + Length(ratio.High):0.#}" y2="{y + 7}" stroke="black"/>""");
        Invariant(svg, $"""<text x="{Left + Length(Math.Max(ratio.Value, ratio.High)) + 6:0.#}" y="{y + 12}">{ratio.Value:0.00}</text>""");
    }

    private static void Invariant(StringBuilder svg, FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
