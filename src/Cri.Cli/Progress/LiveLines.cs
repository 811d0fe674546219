using System.Text;

namespace Cri.Cli.Progress;

/// <summary>
/// Some lines at the end of a terminal that are drawn over and over. Each drawing is one write, and only overwrites, so that
/// nothing flickers.
/// </summary>
internal sealed class LiveLines(Terminal terminal)
{
    private int _drawn;

    /// <summary>Replaces what was drawn by these lines, none of which may be wider than the terminal.</summary>
    public void Draw(IReadOnlyList<string> lines)
    {
        var text = new StringBuilder(Top());
        foreach (var line in lines)
        {
            text.Append(line).Append("\u001b[K\n");
        }

        // What was drawn below, when there were more lines.
        text.Append("\u001b[J");
        terminal.WriteError(text.ToString());
        _drawn = lines.Count;
    }

    /// <summary>Takes away what was drawn.</summary>
    public void Clear()
    {
        if (_drawn > 0)
        {
            terminal.WriteError($"{Top()}\u001b[J");
            _drawn = 0;
        }
    }

    private string Top() => _drawn > 0 ? $"\r\u001b[{_drawn}A" : "\r";
}
