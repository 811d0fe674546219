using Cri.RuntimeService.Yaml;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cri.Server.Configuration;

/// <summary>A place in a configuration file.</summary>
/// <param name="File">The file's path.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal readonly record struct SourcePosition(string File, long Line, long Column)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? File : $"{File}:{Line}:{Column}";
}

/// <summary>A value of a configuration file that knows where it stands. Null stands for an empty value.</summary>
internal abstract record ConfigurationNode(SourcePosition Position)
{
    /// <summary>The word an error calls this kind of value by.</summary>
    internal abstract string Kind { get; }

    /// <summary>Reads a file; an empty one is an empty map.</summary>
    /// <exception cref="ConfigurationException">It cannot be read or is not YAML.</exception>
    internal static ConfigurationNode Read(string file)
    {
        try
        {
            var yaml = BoundedYaml.Load(File.ReadAllText(file));
            return yaml.Documents.Count switch
            {
                0 => new ConfigurationMap(new SourcePosition(file, 1, 1), new Dictionary<string, ConfigurationEntry>()),
                1 => From(yaml.Documents[0].RootNode, file),
                _ => throw new ConfigurationException($"{file}: more than one YAML document"),
            };
        }
        catch (YamlException e)
        {
            throw new ConfigurationException($"{new SourcePosition(file, e.Start.Line, e.Start.Column)}: not valid YAML: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{file}: cannot be read: {e.Message}");
        }
    }

    /// <summary>This value with another one laid over it: maps are merged key by key, anything else is replaced.</summary>
    internal virtual ConfigurationNode OverlaidBy(ConfigurationNode later) => later;

    private static ConfigurationNode From(YamlNode node, string file)
    {
        var position = PositionOf(node, file);
        return node switch
        {
            YamlMappingNode map => new ConfigurationMap(position, Entries(map, file)),
            YamlSequenceNode list => new ConfigurationList(position, [.. list.Children.Select(child => From(child, file))]),
            YamlScalarNode scalar => new ConfigurationScalar(position, scalar.Value ?? "", scalar.Style == ScalarStyle.Plain),
            _ => throw new ConfigurationException($"{position}: a value of an unknown kind"),
        };
    }

    private static Dictionary<string, ConfigurationEntry> Entries(YamlMappingNode map, string file)
    {
        var entries = new Dictionary<string, ConfigurationEntry>();
        foreach (var (key, value) in map.Children)
        {
            var position = PositionOf(key, file);
            var name = (key as YamlScalarNode)?.Value ?? throw new ConfigurationException($"{position}: a key must be a plain word");
            entries[name] = new ConfigurationEntry(position, From(value, file));
        }

        return entries;
    }

    private static SourcePosition PositionOf(YamlNode node, string file) => new(file, node.Start.Line, node.Start.Column);
}

/// <summary>A key of a map: where it stands, and its value.</summary>
internal sealed record ConfigurationEntry(SourcePosition Position, ConfigurationNode Value);

/// <summary>A map.</summary>
internal sealed record ConfigurationMap(SourcePosition Position, IReadOnlyDictionary<string, ConfigurationEntry> Entries)
    : ConfigurationNode(Position)
{
    internal override string Kind => "a map";

    internal override ConfigurationNode OverlaidBy(ConfigurationNode later)
    {
        if (later is not ConfigurationMap map)
        {
            return later;
        }

        var merged = new Dictionary<string, ConfigurationEntry>(Entries);
        foreach (var (key, entry) in map.Entries)
        {
            merged[key] = merged.TryGetValue(key, out var earlier) ? entry with { Value = earlier.Value.OverlaidBy(entry.Value) } : entry;
        }

        return this with { Entries = merged };
    }
}

/// <summary>A list.</summary>
internal sealed record ConfigurationList(SourcePosition Position, IReadOnlyList<ConfigurationNode> Items) : ConfigurationNode(Position)
{
    internal override string Kind => "a list";
}

/// <summary>A single value; an unquoted one may mean null or a number.</summary>
internal sealed record ConfigurationScalar(SourcePosition Position, string Text, bool Plain) : ConfigurationNode(Position)
{
    internal override string Kind => IsNull ? "nothing" : $"\"{Text}\"";

    /// <summary>True for a key without a value.</summary>
    internal bool IsNull => Plain && Text is "" or "~" or "null";

    // A key whose value was commented out changes nothing.
    internal override ConfigurationNode OverlaidBy(ConfigurationNode later) => later;
}
