using System.Text;
using Cri.Linux;

namespace Cri.RuntimeService.Cni;

/// <summary>The nat table as iptables-save(8) writes it and iptables-restore(8) changes it, the programs that the plugins use themselves.</summary>
internal sealed class NatTable
{
    private const int LongestTable = 256 << 20;
    private const int Attempts = 3;
    private static readonly TimeSpan _bound = TimeSpan.FromSeconds(30);

    private readonly string _save;
    private readonly string _restore;

    private NatTable(string save, string restore) => (_save, _restore) = (save, restore);

    /// <summary>The table of a family; null where its programs are not installed, so that no plugin can have used them.</summary>
    /// <param name="family"><c>iptables</c> or <c>ip6tables</c>.</param>
    internal static NatTable? Of(string family) =>
        Find($"{family}-save") is { } save && Find($"{family}-restore") is { } restore ? new NatTable(save, restore) : null;

    /// <summary>
    /// Removes the rules that plugins made for a sandbox in a network, and the chains that only these lead to, in one transaction.
    /// Returns the number of rules.
    /// </summary>
    /// <exception cref="IOException">They are there and cannot be removed.</exception>
    internal async Task<int> RemoveAsync(string network, string sandboxId)
    {
        for (var attempt = 1; ; attempt++)
        {
            var saved = await RunAsync(_save, ["-t", "nat"], ReadOnlyMemory<byte>.Empty);
            if (NatRules.Removal(saved, network, sandboxId, out var count) is not { } removal)
            {
                return 0;
            }

            try
            {
                await RunAsync(_restore, ["--noflush", "--wait", "5"], Encoding.UTF8.GetBytes(removal));
                return count;
            }
            catch (IOException) when (attempt < Attempts)
            {
                // Somebody else has changed the table in between.
            }
        }
    }

    private static async Task<string> RunAsync(string path, IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input)
    {
        var result = await Command.RunAsync(
            new CommandOptions { Path = path, Arguments = [path, .. arguments], Input = input, MaxOutput = LongestTable, Timeout = _bound },
            CancellationToken.None);
        return result is { End: CommandEnd.Exited, Exit.Code: 0 }
            ? Encoding.UTF8.GetString(result.Output.Span)
            : throw new IOException(
                $"{path}: {result.End}, exit code {result.Exit.Code}: {PluginText.Excerpt(result.ErrorOutput.Span)}");
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Where(directory => directory.StartsWith('/')).Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);
}
