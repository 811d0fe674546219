using System.CommandLine;
using Cri.Api.CrispV1;
using Cri.Cli.Output;

namespace Cri.Cli.Commands;

/// <summary><c>crisp trace</c>: where the milliseconds of a pod went, step by step; without a pod, the last calls.</summary>
internal static class TraceCommand
{
    public static Command Create(GlobalOptions options)
    {
        var pod = new Argument<string?>("POD") { Description = "A pod's name or id, or the id of one that is gone.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("trace", "Show where the time of a pod's calls went, or the last calls.") { pod };
        options.SetAction(command, (session, parsed) => RunAsync(session, parsed.GetValue(pod)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string? word)
    {
        var id = word is null ? "" : (await NodeObjects.ReadAsync(session)).FindPod(word)?.Id ?? word;
        var response = await CommandFailure.ExplainAsync(
            "trace", session.CrispNode.TracesAsync(new TracesRequest { PodId = id }, session.Options));
        if (session.Json)
        {
            session.WriteJson(response);
            return 0;
        }

        if (word is not null && response.Traces.Count == 0)
        {
            throw new CommandFailure(word, "no call of this pod is kept: crispd keeps the last 1,024, and forgets them when it ends");
        }

        session.Terminal.Write(word is null ? Table(response) : Waterfall.Of(response.Traces, session.Terminal.Size.Columns));
        return 0;
    }

    private static string Table(TracesResponse response)
    {
        var table = new TextTable("WHEN", "CALL", "POD", "CONTAINER", "STEPS", "TIME", "ABOUT");
        foreach (var trace in response.Traces)
        {
            var call = trace.Steps[0];
            var when = DateTimeOffset.UnixEpoch.AddTicks(call.StartedAt / TimeSpan.NanosecondsPerTick).ToLocalTime();
            table.Add(
                when.ToString("HH:mm:ss.fff"),
                trace.Verb,
                ShortId.Of(trace.PodId),
                ShortId.Of(trace.ContainerId),
                (trace.Steps.Count - 1).ToString(),
                call.Duration < 0 ? "runs" : Waterfall.Milliseconds(call.Duration),
                call.Failed ? call.Error : ShortId.In(trace.Subject));
        }

        return table.ToString();
    }
}
