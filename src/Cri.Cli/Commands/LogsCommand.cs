using System.CommandLine;
using Cri.Cli.Logs;

namespace Cri.Cli.Commands;

/// <summary><c>crisp logs</c>: what a container wrote, from its CRI log file; needs no runtime to read it, only to find it.</summary>
internal static class LogsCommand
{
    public static Command Create(GlobalOptions options)
    {
        var word = new Argument<string>("id") { Description = "The container: its id, the beginning of it, its name, or its pod's." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the container ends." };
        var tail = new Option<int?>("--tail") { Description = "Only the last lines." };
        tail.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var count) && count >= 0))
            {
                result.AddError($"--tail {token.Value}: expected a number of lines");
            }
        });
        var command = new Command("logs", "Show a container's log.") { word, follow, tail };
        options.SetAction(command, (session, parsed) =>
            RunAsync(session, parsed.GetValue(word)!, parsed.GetValue(follow), parsed.GetValue(tail)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, string word, bool follow, int? tail)
    {
        var container = (await NodeObjects.ReadAsync(session)).RequireContainer(word);
        var status = await ContainerLog.StatusAsync(session, container.Id);
        if (status.LogPath.Length == 0)
        {
            throw new CommandFailure($"logs of {word}", "the container has no log");
        }

        if (!follow && !File.Exists(status.LogPath))
        {
            throw new CommandFailure($"logs of {word}", $"{status.LogPath} does not exist");
        }

        using var log = new LogFile(status.LogPath);
        var lines = log.ReadAvailable();
        new LogPrinter(session.Terminal).Print(tail is { } count ? LogTail.Last(lines, count) : lines);
        if (follow)
        {
            await FollowAsync(session, container.Id, log);
        }

        return 0;
    }

    // Ctrl-C is how people end following a log.
    private static async Task FollowAsync(Session session, string containerId, LogFile log)
    {
        try
        {
            await ContainerLog.FollowAsync(session, containerId, log, session.Interrupted);
        }
        catch (Exception) when (session.Interrupted.IsCancellationRequested)
        {
        }
    }
}
