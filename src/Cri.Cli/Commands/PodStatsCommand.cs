using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp statsp</c>: what ready pods use. Processor use is the mean over one second.</summary>
internal static class PodStatsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string?>("id") { Description = "Only this pod.", Arity = ArgumentArity.ZeroOrOne };
        var watch = StatsCommand.WatchOption();
        var command = new Command("statsp", "Show the resource usage of pods.") { word, watch };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(word), parsed.GetValue(watch)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string? word, bool watch)
    {
        var id = word is null ? "" : (await NodeObjects.ReadAsync(session)).FindPod(word)?.Id ?? throw new CommandFailure(word, "no such pod");
        return await Sampling.RunAsync(session, watch, () => ReadAsync(session, id), (before, now) => Table(before.Stats, now.Stats));
    }

    private static Task<ListPodSandboxStatsResponse> ReadAsync(Session session, string id)
    {
        var request = new ListPodSandboxStatsRequest { Filter = new PodSandboxStatsFilter { Id = id } };
        return CommandFailure.ExplainAsync("read stats of pods", session.Runtime.ListPodSandboxStatsAsync(request, session.Options));
    }

    private static TextTable Table(IEnumerable<PodSandboxStats> before, IEnumerable<PodSandboxStats> now)
    {
        var earlier = before.ToDictionary(stats => stats.Attributes.Id, stats => stats.Linux?.Cpu);
        var table = new TextTable("POD ID", "NAMESPACE", "NAME", "CPU %", "MEMORY", "PROCESSES", "RECEIVED", "SENT");
        foreach (var stats in now.OrderBy(stats => $"{stats.Attributes.Metadata?.Namespace}/{stats.Attributes.Metadata?.Name}", StringComparer.Ordinal))
        {
            table.Add(
                ShortId.Of(stats.Attributes.Id),
                stats.Attributes.Metadata?.Namespace ?? "",
                stats.Attributes.Metadata?.Name ?? "",
                StatsCommand.CpuPercent(earlier.GetValueOrDefault(stats.Attributes.Id), stats.Linux?.Cpu),
                ByteSize.Of(stats.Linux?.Memory?.WorkingSetBytes?.Value ?? 0),
                $"{stats.Linux?.Process?.ProcessCount?.Value ?? 0}",
                Carried(stats, network => network.RxBytes),
                Carried(stats, network => network.TxBytes));
        }

        return table;
    }

    private static string Carried(PodSandboxStats stats, Func<NetworkInterfaceUsage, UInt64Value?> bytes) =>
        stats.Linux?.Network?.Interfaces is { Count: > 0 } interfaces
            ? ByteSize.Of(interfaces.Aggregate(0UL, (sum, one) => sum + (bytes(one)?.Value ?? 0)))
            : "";
}
