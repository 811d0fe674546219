using System.CommandLine;
using Cri.Api.V1;

namespace Cri.Cli.Commands;

/// <summary><c>crisp exec</c>: runs a command in a container and gives its output once it has ended.</summary>
internal static class ExecCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string>("id") { Description = "The container: its id, the beginning of it, its name, or its pod's." };
        var cmd = new Argument<string[]>("command") { Description = "The command and its arguments.", Arity = ArgumentArity.OneOrMore };
        var limit = new Option<long>("--kill-after") { Description = "Seconds after which the command is killed; 0: never." };
        var command = new Command("exec", "Run a command in a container; not interactive.") { word, cmd, limit };
        options.SetAction(command, (session, parsed) =>
            RunAsync(session, parsed.GetValue(word)!, parsed.GetValue(cmd)!, parsed.GetValue(limit)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string word, string[] command, long limit)
    {
        var container = (await NodeObjects.ReadAsync(session)).RequireContainer(word);
        var request = new ExecSyncRequest { ContainerId = container.Id, Cmd = { command }, Timeout = limit };
        var result = await CommandFailure.ExplainAsync($"exec in {word}", session.Runtime.ExecSyncAsync(request, session.Options));
        if (session.Json)
        {
            session.WriteJson(result);
        }
        else
        {
            session.Terminal.Out.Write(result.Stdout.Span);
            session.Terminal.Error.Write(result.Stderr.Span);
        }

        return result.ExitCode;
    }
}
