using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands.Images;

/// <summary><c>crisp image pulls</c>: what is being pulled now, by whomever.</summary>
internal static class PullsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var command = new Command("pulls", "List the pulls and imports that run now, the kubelet's too.");
        options.SetAction(command, (session, _) => RunAsync(session));
        return command;
    }

    private static async Task<int> RunAsync(Session session)
    {
        var list = await CommandFailure.ExplainAsync("list pulls", session.CrispImages.PullsAsync(new PullsRequest(), session.Options));
        if (session.Json)
        {
            session.WriteJson(list);
            return 0;
        }

        var now = DateTimeOffset.UtcNow;
        var table = new TextTable("IMAGE", "LAYERS", "DONE", "SIZE", "STARTED");
        foreach (var pull in list.Pulls)
        {
            var done = pull.Layers.Count(layer => layer.State is LayerState.LayerDone or LayerState.LayerPresent);
            table.Add(
                pull.Reference,
                $"{done}/{pull.Layers.Count}",
                ByteSize.Of(Sum(pull.Layers, layer => layer.Done)),
                ByteSize.Of(Sum(pull.Layers, layer => layer.Size)),
                Age.Of(pull.StartedAt, now));
        }

        session.Terminal.Write(table.ToString());
        return 0;
    }

    private static ulong Sum(IEnumerable<LayerProgress> layers, Func<LayerProgress, ulong> value) =>
        layers.Aggregate(0ul, (sum, layer) => sum + value(layer));
}
