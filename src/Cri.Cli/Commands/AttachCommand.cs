using System.CommandLine;
using Cri.Api.V1;
using Cri.Cli.Streaming;

namespace Cri.Cli.Commands;

/// <summary><c>crisp attach</c>: joins a container's own process, whose exit code becomes the command's; Ctrl-C leaves it running.</summary>
internal static class AttachCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string>("id") { Description = "The container: its id, the beginning of it, its name, or its pod's." };
        var stdin = new Option<bool>("--stdin", "-i") { Description = "Pass standard input to the container." };
        var tty = new Option<bool>("--tty", "-t") { Description = "The container has a terminal." };
        var command = new Command("attach", "Join a running container's output, and with -i its input.") { word, stdin, tty };
        options.SetAction(command, (session, parsed) =>
            RunAsync(session, parsed.GetValue(word)!, parsed.GetValue(stdin), parsed.GetValue(tty)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string word, bool stdin, bool tty)
    {
        var container = (await NodeObjects.ReadAsync(session)).RequireContainer(word);
        var what = $"attach to {word}";
        var request = new AttachRequest { ContainerId = container.Id, Stdin = stdin, Tty = tty, Stdout = true, Stderr = !tty };
        var response = await CommandFailure.ExplainAsync(what, session.Runtime.AttachAsync(request, session.Options));
        return await new TerminalClient(session.Terminal, stdin, tty).RunAsync(what, response.Url, session.Interrupted);
    }
}
