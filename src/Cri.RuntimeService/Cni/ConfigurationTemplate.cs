using System.Text;
using System.Text.RegularExpressions;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// A network configuration with the node's pod CIDRs left open, in the part of Go's text/template that such templates use:
/// <c>{{.PodCIDR}}</c> (the first), and <c>{{range $i, $cidr := .PodCIDRRanges}}…{{end}}</c> or <c>.Routes</c> (a default route
/// for each IP family), with <c>{{$cidr}}</c> and <c>{{if $i}}…{{end}}</c> (all but the first) inside.
/// </summary>
public sealed partial class ConfigurationTemplate
{
    private readonly string _text;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<string>> _lists;
    private readonly string _first;

    private ConfigurationTemplate(string text, IReadOnlyList<string> cidrs)
    {
        _text = text;
        _first = cidrs[0];
        _lists = new Dictionary<string, IReadOnlyList<string>>
        {
            [".PodCIDRRanges"] = cidrs,
            [".Routes"] = [.. cidrs.Select(cidr => cidr.Contains(':', StringComparison.Ordinal) ? "::/0" : "0.0.0.0/0").Distinct()],
        };
    }

    /// <summary>The text with these CIDRs filled in; there is at least one.</summary>
    /// <exception cref="FormatException">The template says something else than the above.</exception>
    public static string Render(string text, IReadOnlyList<string> cidrs)
    {
        var template = new ConfigurationTemplate(text, cidrs);
        var output = new StringBuilder();
        var position = 0;
        template.Block(ref position, Scope.Outermost, output);
        return output.ToString();
    }

    [GeneratedRegex(@"\G\{\{-?\s*(?<action>.*?)\s*-?\}\}", RegexOptions.Singleline)]
    private static partial Regex Action();

    [GeneratedRegex(@"^range\s+(?<index>\$\w+)\s*,\s*(?<value>\$\w+)\s*:=\s*(?<list>\.\w+)$")]
    private static partial Regex Range();

    // Writes up to the {{end}} that closes this block, or to the end of the text, and answers with the position behind it.
    private void Block(ref int position, Scope scope, StringBuilder output)
    {
        while (position < _text.Length)
        {
            var next = _text.IndexOf("{{", position, StringComparison.Ordinal);
            output.Append(_text, position, (next < 0 ? _text.Length : next) - position);
            if (next < 0)
            {
                position = _text.Length;
                break;
            }

            var match = Action().Match(_text, next);
            if (!match.Success)
            {
                throw new FormatException($"\"{{{{\" at character {next} is not closed");
            }

            position = next + match.Length;
            var action = match.Groups["action"].Value;
            if (action == "end" && scope != Scope.Outermost)
            {
                return;
            }

            Act(action, ref position, scope, output);
        }

        if (scope != Scope.Outermost)
        {
            throw new FormatException("a {{range}} or {{if}} has no {{end}}");
        }
    }

    private void Act(string action, ref int position, Scope scope, StringBuilder output)
    {
        if (action == ".PodCIDR")
        {
            output.Append(_first);
        }
        else if (scope.Value is not null && action == scope.ValueName)
        {
            output.Append(scope.Value);
        }
        else if (scope.Value is not null && action == "if " + scope.IndexName)
        {
            Block(ref position, scope, scope.Index > 0 ? output : new StringBuilder());
        }
        else if (Range().Match(action) is { Success: true } range && _lists.TryGetValue(range.Groups["list"].Value, out var list))
        {
            Repeat(range, list, ref position, output);
        }
        else
        {
            throw new FormatException($"{{{{{action}}}}} is not known here");
        }
    }

    private void Repeat(Match range, IReadOnlyList<string> list, ref int position, StringBuilder output)
    {
        var begin = position;
        for (var index = 0; index < list.Count; index++)
        {
            position = begin;
            Block(ref position, new Scope(range.Groups["index"].Value, range.Groups["value"].Value, index, list[index]), output);
        }
    }

    private sealed record Scope(string IndexName, string ValueName, int Index, string? Value)
    {
        public static Scope Outermost { get; } = new("", "", 0, null);
    }
}
