namespace Cri.Server.Configuration;

/// <summary>The command line of crispd; null for what is not given.</summary>
public sealed record CommandLine
{
    /// <summary>What --help prints.</summary>
    public const string Usage = """
        crispd: a Kubernetes container runtime (CRI v1) for one node

        Usage: crispd [options]

          --config FILE      the configuration file (default /etc/crisp/config.yaml, which need not exist)
          --root DIR         images and layers (default /var/lib/crisp)
          --state DIR        sandboxes and containers, until a reboot (default /run/crisp)
          --listen SOCKET    the unix socket of the CRI (default /run/crisp/crisp.sock)
          --log-level LEVEL  debug, info, warn or error (default info)
          --version          print the version and exit
          --fault-points     print where CRISP_FAULT can end crispd, for tests, and exit
          --help             print this and exit

        Drop-ins are read from the directory beside FILE that has its name with .d for .yaml (/etc/crisp/config.d).
        An option counts before a drop-in, that before FILE, and that before the default.
        """;

    /// <summary>--config.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>--root.</summary>
    public string? Root { get; init; }

    /// <summary>--state.</summary>
    public string? State { get; init; }

    /// <summary>--listen.</summary>
    public string? Listen { get; init; }

    /// <summary>--log-level.</summary>
    public string? LogLevel { get; init; }

    /// <summary>True for --help.</summary>
    public bool Help { get; init; }

    /// <summary>True for --version.</summary>
    public bool Version { get; init; }

    /// <summary>True for --fault-points.</summary>
    public bool FaultPoints { get; init; }

    /// <summary>Reads the arguments, as <c>--name value</c> or <c>--name=value</c>.</summary>
    /// <exception cref="ConfigurationException">An option is unknown, has no value, or is given twice.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var line = new CommandLine();
        var seen = new HashSet<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, value) = Split(arguments[i]);
            if (!seen.Add(name))
            {
                throw new ConfigurationException($"{name} is given twice");
            }

            line = name switch
            {
                "--help" or "-h" => line with { Help = NoValue(name, value) },
                "--version" => line with { Version = NoValue(name, value) },
                "--fault-points" => line with { FaultPoints = NoValue(name, value) },
                _ => line.With(name, () => value ?? (++i < arguments.Count ? arguments[i] : null)),
            };
        }

        return line;
    }

    private CommandLine With(string name, Func<string?> next)
    {
        string Value() => next() is { Length: > 0 } value ? value : throw new ConfigurationException($"{name} needs a value");
        return name switch
        {
            "--config" => this with { ConfigFile = Value() },
            "--root" => this with { Root = Value() },
            "--state" => this with { State = Value() },
            "--listen" => this with { Listen = Value() },
            "--log-level" => this with { LogLevel = Value() },
            _ => throw new ConfigurationException($"{name}: no such option; crispd --help lists them"),
        };
    }

    private static (string Name, string? Value) Split(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && argument.StartsWith("--", StringComparison.Ordinal)
            ? (argument[..equals], argument[(equals + 1)..])
            : (argument, null);
    }

    private static bool NoValue(string name, string? value) =>
        value is null ? true : throw new ConfigurationException($"{name} takes no value");
}
