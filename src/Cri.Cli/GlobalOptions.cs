using System.CommandLine;

namespace Cri.Cli;

/// <summary>The options that every command has, and how its action runs under them.</summary>
internal sealed class GlobalOptions(Terminal terminal)
{
    /// <summary>The socket unless --address or CRISP_ADDRESS say otherwise.</summary>
    public const string DefaultAddress = "unix:///run/crisp/crisp.sock";

    private readonly Option<string> _address = new("--address")
    {
        Description = "The runtime's socket.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("CRISP_ADDRESS") is { Length: > 0 } address ? address : DefaultAddress,
        Recursive = true,
    };

    private readonly Option<TimeSpan> _timeout = new("--timeout")
    {
        Description = "How long one call may take, such as 90, 30s or 2m; 0 means no limit.",
        CustomParser = result => Duration.TryParse(result.Tokens[0].Value, out var duration)
            ? duration
            : Invalid(result, $"--timeout {result.Tokens[0].Value}: expected a duration such as 90, 30s or 2m"),
        DefaultValueFactory = _ => TimeSpan.Zero,
        Recursive = true,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "table for people, json for programs.",
        DefaultValueFactory = _ => "table",
        Recursive = true,
    };

    /// <summary>Adds the options to the root.</summary>
    public void AddTo(RootCommand root)
    {
        _output.AcceptOnlyFromAmong("table", "json");
        root.Options.Add(_address);
        root.Options.Add(_timeout);
        root.Options.Add(_output);
    }

    /// <summary>Gives a command its action, which gets a connection made from the options and returns the exit code.</summary>
    public void SetAction(Command command, Func<Session, ParseResult, Task<int>> action) =>
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var session = new Session(
                terminal,
                SocketPath(parsed.GetValue(_address)!),
                parsed.GetValue(_timeout),
                json: parsed.GetValue(_output) == "json",
                cancellationToken);
            return await action(session, parsed);
        });

    private static string SocketPath(string address)
    {
        var path = address.StartsWith("unix://", StringComparison.Ordinal) ? address["unix://".Length..] : address;
        return path.StartsWith('/') ? path : throw CommandFailure.OfUsage($"--address {address}", "expected unix:///path or /path");
    }

    private static TimeSpan Invalid(System.CommandLine.Parsing.ArgumentResult result, string error)
    {
        result.AddError(error);
        return default;
    }
}
