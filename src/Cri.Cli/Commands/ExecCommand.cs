using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Streaming;

namespace Cri.Cli.Commands;

/// <summary><c>crisp exec</c>: runs a command in a container, joined to the user's terminal or pipes; its exit code is the command's.</summary>
internal static class ExecCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string>("id") { Description = "The container: its id, the beginning of it, its name, or its pod's." };
        var cmd = new Argument<string[]>("command") { Description = "The command and its arguments.", Arity = ArgumentArity.OneOrMore };
        var stdin = new Option<bool>("--stdin", "-i") { Description = "Pass standard input to the command." };
        var tty = new Option<bool>("--tty", "-t") { Description = "Give the command a terminal." };
        var sync = new Option<bool>("--sync", "-s")
        {
            Description = "Without streaming: no input, and the output once the command has ended. So do --kill-after and -o json.",
        };
        var limit = new Option<long>("--kill-after") { Description = "Seconds after which the command is killed; 0: never." };
        var command = new Command("exec", "Run a command in a container.") { word, cmd, stdin, tty, sync, limit };
        options.SetAction(command, (session, parsed) =>
        {
            var isSync = parsed.GetValue(sync) || parsed.GetValue(limit) != 0 || session.Json;
            if (!isSync)
            {
                return StreamAsync(session, parsed.GetValue(word)!, parsed.GetValue(cmd)!, parsed.GetValue(stdin), parsed.GetValue(tty));
            }

            return parsed.GetValue(stdin) || parsed.GetValue(tty)
                ? throw CommandFailure.OfUsage("exec", "-i and -t need streaming, which --sync, --kill-after and -o json do without")
                : RunAsync(session, parsed.GetValue(word)!, parsed.GetValue(cmd)!, parsed.GetValue(limit));
        });
        return command;
    }

    private static async Task<int> StreamAsync(Session session, string word, string[] command, bool stdin, bool tty)
    {
        var container = (await NodeObjects.ReadAsync(session)).RequireContainer(word);
        var what = $"exec in {word}";
        var request = new ExecRequest { ContainerId = container.Id, Cmd = { command }, Stdin = stdin, Tty = tty, Stdout = true, Stderr = !tty };
        var response = await CommandFailure.ExplainAsync(what, session.Runtime.ExecAsync(request, session.Options));
        return await new TerminalClient(session.Terminal, stdin, tty).RunAsync(what, response.Url, session.Interrupted);
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
