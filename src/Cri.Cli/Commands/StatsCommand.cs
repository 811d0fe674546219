using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp stats</c>: what running containers use. Processor use is the mean over one second.</summary>
internal static class StatsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string?>("id") { Description = "Only this container.", Arity = ArgumentArity.ZeroOrOne };
        var watch = WatchOption();
        var command = new Command("stats", "Show the resource usage of containers.") { word, watch };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(word), parsed.GetValue(watch)));
        return command;
    }

    /// <summary>The option of commands that can go on showing.</summary>
    internal static Option<bool> WatchOption() => new("--watch", "-w") { Description = "Go on until Ctrl-C." };

    private static async Task<int> RunAsync(Session session, string? word, bool watch)
    {
        var id = word is null ? "" : (await NodeObjects.ReadAsync(session)).RequireContainer(word).Id;
        return await Sampling.RunAsync(session, watch, () => ReadAsync(session, id), (before, now) => Table(before.Stats, now.Stats));
    }

    private static Task<ListContainerStatsResponse> ReadAsync(Session session, string id)
    {
        var request = new ListContainerStatsRequest { Filter = new ContainerStatsFilter { Id = id } };
        return CommandFailure.ExplainAsync("read stats", session.Runtime.ListContainerStatsAsync(request, session.Options));
    }

    private static TextTable Table(IEnumerable<ContainerStats> before, IEnumerable<ContainerStats> now)
    {
        var earlier = before.ToDictionary(stats => stats.Attributes.Id, stats => stats.Cpu);
        var table = new TextTable("CONTAINER", "NAME", "CPU %", "MEMORY", "DISK", "INODES");
        foreach (var stats in now.OrderBy(stats => stats.Attributes.Metadata?.Name, StringComparer.Ordinal))
        {
            table.Add(
                ShortId.Of(stats.Attributes.Id),
                stats.Attributes.Metadata?.Name ?? "",
                CpuPercent(earlier.GetValueOrDefault(stats.Attributes.Id), stats.Cpu),
                ByteSize.Of(stats.Memory?.WorkingSetBytes?.Value ?? 0),
                ByteSize.Of(stats.WritableLayer?.UsedBytes?.Value ?? 0),
                $"{stats.WritableLayer?.InodesUsed?.Value ?? 0}");
        }

        return table;
    }

    /// <summary>Processor use between two samples in percent of one core; empty when it cannot be told.</summary>
    internal static string CpuPercent(CpuUsage? before, CpuUsage? now)
    {
        if (before?.UsageCoreNanoSeconds is null || now?.UsageCoreNanoSeconds is null || now.Timestamp <= before.Timestamp)
        {
            return "";
        }

        var used = (double)now.UsageCoreNanoSeconds.Value - before.UsageCoreNanoSeconds.Value;
        return (100 * Math.Max(0, used) / (now.Timestamp - before.Timestamp)).ToString("0.0");
    }
}
