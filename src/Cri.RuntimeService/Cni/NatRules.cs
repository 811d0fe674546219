namespace Cri.RuntimeService.Cni;

/// <summary>
/// Finds in the text of iptables-save(8) the rules that the CNI plugins bridge, ptp and portmap made for one attachment: each has the
/// comment <c>name: "NETWORK" id: "SANDBOX"</c>, and those at the top lead to a chain of the attachment's own.
/// </summary>
public static class NatRules
{
    private const string OfPlugins = "CNI-";

    /// <summary>The input of iptables-restore(8) that removes exactly these rules and chains; null when there are none.</summary>
    /// <param name="saved">The whole table.</param>
    /// <param name="network">The network's name.</param>
    /// <param name="sandboxId">CNI_CONTAINERID.</param>
    /// <param name="count">How many rules are removed.</param>
    public static string? Removal(string saved, string network, string sandboxId, out int count)
    {
        var mark = $"name: \\\"{network}\\\" id: \\\"{sandboxId}\\\"\"";
        var rules = saved.Split('\n').Where(line => line.StartsWith("-A ", StringComparison.Ordinal)).ToList();
        var ours = rules.Where(rule => IsMarked(rule, mark)).ToHashSet();
        count = ours.Count;
        if (count == 0)
        {
            return null;
        }

        // A chain is the attachment's own when nothing else leads to it.
        var chains = ours.Select(Target)
            .Where(chain => chain.StartsWith(OfPlugins, StringComparison.Ordinal))
            .Where(chain => rules.All(rule => Target(rule) != chain || ours.Contains(rule)))
            .ToHashSet();
        return string.Join('\n', (string[])
        [
            "*nat",
            .. ours.Where(rule => !chains.Contains(Chain(rule))).Select(rule => "-D" + rule[2..]),
            .. chains.Select(chain => $"-F {chain}"),
            .. chains.Select(chain => $"-X {chain}"),
            "COMMIT",
            "",
        ]);
    }

    // The mark ends with the comment, and begins with it or, in portmap's, after one word.
    private static bool IsMarked(string rule, string mark)
    {
        const string Comment = "--comment \"";
        var begin = rule.IndexOf(Comment, StringComparison.Ordinal);
        var at = rule.IndexOf(mark, StringComparison.Ordinal);
        return begin >= 0 && at >= 0 && rule[(begin + Comment.Length)..at] is "" or "dnat " or "snat ";
    }

    private static string Chain(string rule) => rule.Split(' ', 3)[1];

    private static string Target(string rule)
    {
        var words = rule.Split(' ');
        var jump = Array.FindIndex(words, word => word is "-j" or "-g");
        return jump < 0 || jump + 1 == words.Length ? "" : words[jump + 1];
    }
}
