using System.CommandLine;
using Cri.Cli.Commands;
using Cri.Cli.Commands.Images;

namespace Cri.Cli;

/// <summary>All commands, and how a command line becomes an exit code: 0, 1 for a failure, 2 for wrong usage, or the container's own.</summary>
internal static class CommandTree
{
    private const int InterruptedExitCode = 128 + 2;

    /// <summary>Runs a command line.</summary>
    public static async Task<int> InvokeAsync(string[] args, Terminal terminal, CancellationToken interrupted)
    {
        var root = Build(terminal);
        var parsed = root.Parse(CommandTail.Separate(root, args));
        using var output = new StringWriter();
        using var error = new StringWriter();
        if (parsed.Errors.Count > 0 && !parsed.Tokens.Any(token => token.Value is "-h" or "--help" or "-?"))
        {
            terminal.WriteError($"crisp: {UsageError(parsed)}\ncrisp: try --help\n");
            return CommandFailure.UsageExitCode;
        }

        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, interrupted);
        }
        catch (Exception e) when (CommandFailure.Describe(e) is { } failure)
        {
            terminal.WriteError($"crisp: {failure}\n");
            return interrupted.IsCancellationRequested ? InterruptedExitCode : (e as CommandFailure)?.ExitCode ?? 1;
        }
        finally
        {
            terminal.Write(output.ToString());
            terminal.WriteError(error.ToString());
        }
    }

    // The parser first misses the command that a mistyped word was meant to be.
    private static string UsageError(ParseResult parsed) =>
        parsed.UnmatchedTokens is [var unknown, ..] ? $"{unknown}: no such command or option" : parsed.Errors[0].Message;

    private static RootCommand Build(Terminal terminal)
    {
        var options = new GlobalOptions(terminal);
        var root = new RootCommand("A client of the Crisp container runtime, and of any other that speaks the Kubernetes CRI.")
        {
            VersionCommand.Create(options),
            InfoCommand.Create(options),
            RunCommand.Create(options),
            PodsCommand.Create(options),
            PsCommand.Create(options),
            LogsCommand.Create(options),
            ExecCommand.Create(options),
            AttachCommand.Create(options),
            PortForwardCommand.Create(options),
            StatsCommand.Create(options),
            PodStatsCommand.Create(options),
            MetricsCommand.Create(options),
            EventsCommand.Create(options),
            InspectCommand.Create(options),
            UpdateCommand.Create(options),
            StopCommand.Create(options),
            RmCommand.Create(options),
            PullCommand.Create(options),
            ImagesCommand.Create(options),
            RmiCommand.Create(options),
            ImageCommand.Create(options),
            ImageFsCommand.Create(options),
            DfCommand.Create(options),
            GcCommand.Create(options),
            TraceCommand.Create(options),
        };
        options.AddTo(root);
        return root;
    }
}
