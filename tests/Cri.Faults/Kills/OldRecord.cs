using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cri.Faults.Kills;

/// <summary>
/// State files in the form that the first crispd wrote, which could neither update resources nor do user namespaces nor restore
/// checkpoints: the text lies in Old/, and what differs from pod to pod is filled in.
/// </summary>
public static partial class OldRecord
{
    /// <summary>Rewrites a state file of today in its old form.</summary>
    public static void Replace(string file)
    {
        var today = JsonNode.Parse(File.ReadAllText(file))!;
        var form = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Kills", "Old", Path.GetFileName(file)));
        File.WriteAllText(file, Blank().Replace(form, blank => today[blank.Groups[1].Value]!.ToJsonString()));
    }

    /// <summary>Gives a state file another version; returns its content as it is then.</summary>
    public static string SetVersion(string file, int version)
    {
        var record = JsonNode.Parse(File.ReadAllText(file))!;
        record["version"] = version;
        record["somethingNew"] = "which nobody knows";
        var text = record.ToJsonString();
        File.WriteAllText(file, text);
        return text;
    }

    [GeneratedRegex(@"\$(\w+)")]
    private static partial Regex Blank();
}
