using System.Text;
using Cri.Testing.Crispd;

namespace Cri.Faults;

/// <summary>
/// What was injected and what became of it, a row for each fault and point. It lies in artifacts/faults.md, written anew with each
/// fault, so that a run that hangs or dies shows how far it came.
/// </summary>
public static class FaultTable
{
    private static readonly Lock _lock = new();
    private static readonly SortedDictionary<(string Fault, string Point), Row> _rows = [];

    /// <summary>Counts one injected fault.</summary>
    /// <param name="fault">What was done, such as <c>crispd killed</c>.</param>
    /// <param name="point">Where, such as the name of a fault point.</param>
    /// <param name="lost">What was lost or leaked, in words; null when nothing was.</param>
    public static void Record(string fault, string point, string? lost = null)
    {
        lock (_lock)
        {
            var row = _rows.GetValueOrDefault((fault, point), new Row(0, 0, "nothing"));
            _rows[(fault, point)] = lost is null
                ? row with { Tried = row.Tried + 1, Survived = row.Survived + 1 }
                : row with { Tried = row.Tried + 1, Lost = lost };
            File.WriteAllText(Artifacts.File("faults.md"), Text());
        }
    }

    private static string Text()
    {
        var text = new StringBuilder("| fault | point | tried | survived | lost or leaked |\n|---|---|---|---|---|\n");
        foreach (var ((fault, point), row) in _rows)
        {
            text.Append(null, $"| {fault} | {point} | {row.Tried} | {row.Survived} | {row.Lost} |\n");
        }

        text.Append(null, $"| all | | {_rows.Values.Sum(row => row.Tried)} | {_rows.Values.Sum(row => row.Survived)} | |\n");
        return text.ToString();
    }

    private sealed record Row(int Tried, int Survived, string Lost);
}
