namespace Cri.Testing.Leaks;

/// <summary>
/// The rules that CNI plugins made for a network, which outlive its pods when a test run is killed. Each names the network in its
/// comment; those of the bridge plugin and of portmap jump to a chain of the pod's own.
/// </summary>
public static class LeftoverRules
{
    /// <summary>Removes the rules of the network and their chains, in one transaction; nothing else is touched.</summary>
    public static void Remove(string network)
    {
        var mark = $"name: \\\"{network}\\\"";
        var rules = Command.Run("iptables-save", "-t", "nat").Split('\n')
            .Where(line => line.StartsWith("-A ", StringComparison.Ordinal) && line.Contains(mark, StringComparison.Ordinal)).ToList();
        var chains = rules.Select(Target).Where(chain => chain.StartsWith("CNI-", StringComparison.Ordinal)).ToHashSet();
        if (rules.Count == 0)
        {
            return;
        }

        using var directory = new TemporaryDirectory("rules");
        var jumps = rules.Where(rule => !chains.Contains(rule.Split(' ')[1])).Select(rule => "-D" + rule[2..]);
        Command.Run("iptables-restore", "--noflush", directory.File("rules", string.Join(
            '\n', ["*nat", .. jumps, .. chains.Select(chain => $"-F {chain}"), .. chains.Select(chain => $"-X {chain}"), "COMMIT", ""])));
    }

    private static string Target(string rule)
    {
        var words = rule.Split(' ');
        var jump = Array.IndexOf(words, "-j");
        return jump < 0 || jump + 1 == words.Length ? "" : words[jump + 1];
    }
}
