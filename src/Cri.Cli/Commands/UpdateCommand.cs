using System.CommandLine;
using Cri.Api.V1;

namespace Cri.Cli.Commands;

/// <summary><c>crisp update</c>: changes the limits of containers; what is not named stays as it is.</summary>
internal static class UpdateCommand
{
    public static Command Create(GlobalOptions options)
    {
        var words = new Argument<string[]>("container") { Description = "Ids, their beginnings, or names.", Arity = ArgumentArity.OneOrMore };
        var memory = new Option<string>("--memory") { Description = "Memory limit: bytes, or with Ki, Mi, Gi; -1 for none.", HelpName = "SIZE" };
        var swap = new Option<string>("--memory-swap") { Description = "Limit of memory and swap together, written like --memory.", HelpName = "SIZE" };
        var shares = new Option<long>("--cpu-shares") { Description = "Relative weight, 2 to 262144." };
        var quota = new Option<long>("--cpu-quota") { Description = "Microseconds of CPU time in each period; -1 for no limit." };
        var period = new Option<long>("--cpu-period") { Description = "The period in microseconds." };
        var cpus = new Option<string>("--cpuset-cpus") { Description = "CPUs it may use, such as 0-3,5.", DefaultValueFactory = _ => "" };
        var mems = new Option<string>("--cpuset-mems") { Description = "Memory nodes it may use.", DefaultValueFactory = _ => "" };
        var score = new Option<long>("--oom-score-adj") { Description = "OOM score adjustment, -1000 to 1000." };
        var command = new Command("update", "Change the limits of containers.") { words, memory, swap, shares, quota, period, cpus, mems, score };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(words)!, new LinuxContainerResources
        {
            MemoryLimitInBytes = Bytes(parsed.GetValue(memory)),
            MemorySwapLimitInBytes = Bytes(parsed.GetValue(swap)),
            CpuShares = parsed.GetValue(shares),
            CpuQuota = parsed.GetValue(quota),
            CpuPeriod = parsed.GetValue(period),
            CpusetCpus = parsed.GetValue(cpus)!,
            CpusetMems = parsed.GetValue(mems)!,
            OomScoreAdj = parsed.GetValue(score),
        }));
        return command;
    }

    private static long Bytes(string? text) => text is null
        ? 0
        : MemorySize.Parse(text) ?? throw CommandFailure.OfUsage(text, "not an amount of memory such as 64Mi");

    private static async Task<int> RunAsync(Session session, string[] words, LinuxContainerResources resources)
    {
        if (resources.Equals(new LinuxContainerResources()))
        {
            throw CommandFailure.OfUsage("update", "no limit is given; see --help");
        }

        var node = await NodeObjects.ReadAsync(session);
        foreach (var container in words.Select(node.RequireContainer).ToList())
        {
            var request = new UpdateContainerResourcesRequest { ContainerId = container.Id, Linux = resources };
            await CommandFailure.ExplainAsync(
                $"update container {container.Metadata.Name}", session.Runtime.UpdateContainerResourcesAsync(request, session.Options));
            session.Terminal.WriteLine(container.Id);
        }

        return 0;
    }
}
