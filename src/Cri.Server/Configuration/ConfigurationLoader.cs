namespace Cri.Server.Configuration;

/// <summary>Makes the configuration of what the command line, the drop-ins and the file say, in this order of precedence.</summary>
public static class ConfigurationLoader
{
    /// <summary>The file that is read when the command line names none; it need not exist.</summary>
    public const string DefaultFile = "/etc/crisp/config.yaml";

    /// <summary>Reads and checks everything once.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; the message names every mistake.</exception>
    public static CrispConfiguration Load(CommandLine commandLine)
    {
        var files = Files(commandLine);
        var root = files.Select(ReadMap).Aggregate((ConfigurationNode?)null, (earlier, later) => earlier?.OverlaidBy(later) ?? later);
        var flags = Flags(commandLine);
        return ConfigurationBinder.Bind((ConfigurationMap)(root?.OverlaidBy(flags) ?? flags));
    }

    /// <summary>The files that are read, in the order in which they overrule each other, for the log.</summary>
    public static IReadOnlyList<string> Files(CommandLine commandLine)
    {
        var file = Path.GetFullPath(commandLine.ConfigFile ?? DefaultFile);
        if (commandLine.ConfigFile is not null && !File.Exists(file))
        {
            throw new ConfigurationException($"--config: {file}: no such file");
        }

        var directory = Path.ChangeExtension(file, ".d");
        string[] main = File.Exists(file) ? [file] : [];
        string[] dropIns = Directory.Exists(directory) ? Directory.GetFiles(directory, "*.yaml") : [];
        return [.. main, .. dropIns.Order(StringComparer.Ordinal)];
    }

    private static ConfigurationMap ReadMap(string file) => ConfigurationNode.Read(file) switch
    {
        ConfigurationMap map => map,
        ConfigurationScalar { IsNull: true } empty => new ConfigurationMap(empty.Position, new Dictionary<string, ConfigurationEntry>()),
        var other => throw new ConfigurationException($"{other.Position}: expected a map of keys, found {other.Kind}"),
    };

    // Options are one more layer, so that they are checked like the keys they stand for.
    private static ConfigurationMap Flags(CommandLine line)
    {
        var entries = new Dictionary<string, ConfigurationEntry>();
        Add("root", "--root", Absolute(line.Root));
        Add("state", "--state", Absolute(line.State));
        Add("listen", "--listen", Absolute(ConfigurationBinder.WithoutScheme(line.Listen)));
        Add("logLevel", "--log-level", line.LogLevel);
        return new ConfigurationMap(new SourcePosition("command line", 0, 0), entries);

        void Add(string key, string option, string? value)
        {
            if (value is not null)
            {
                var position = new SourcePosition(option, 0, 0);
                entries[key] = new ConfigurationEntry(position, new ConfigurationScalar(position, value, Plain: false));
            }
        }
    }

    // A path on a command line is relative to where the command is given; one in a file has no such place.
    private static string? Absolute(string? path) => path is null ? null : Path.GetFullPath(path);
}
