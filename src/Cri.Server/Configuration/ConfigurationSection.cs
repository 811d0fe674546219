using System.Globalization;
using System.Net;

namespace Cri.Server.Configuration;

/// <summary>
/// Reads the keys of one map. A wrong value is noted among the mistakes and its default goes on; <see cref="Finish"/> notes the keys that
/// nobody asked for.
/// </summary>
internal sealed class ConfigurationSection(string path, ConfigurationMap? map, List<string> mistakes)
{
    private readonly List<string> _known = [];

    /// <summary>The names of the keys that are there.</summary>
    internal IEnumerable<string> Keys => map?.Entries.Keys ?? [];

    /// <summary>A map below a key; an empty one when it is absent.</summary>
    internal ConfigurationSection Section(string key) =>
        new(Path(key), Find(key, out var entry) ? Expect<ConfigurationMap>(key, entry, "a map of keys") : null, mistakes);

    /// <summary>An absolute path.</summary>
    internal string? AbsolutePath(string key) => Find(key, out var entry) ? AbsolutePath(key, entry.Value) : null;

    /// <summary>A list of absolute paths, not empty.</summary>
    internal IReadOnlyList<string>? AbsolutePaths(string key)
    {
        if (!Find(key, out var entry) || Expect<ConfigurationList>(key, entry, "a list of absolute paths") is not { } list)
        {
            return null;
        }

        if (list.Items.Count == 0)
        {
            Mistake(list.Position, key, "expected at least one path, found an empty list");
        }

        return [.. list.Items.Select((item, index) => AbsolutePath($"{key}[{index}]", item)).OfType<string>()];
    }

    /// <summary>A whole number within bounds.</summary>
    internal int? Number(string key, int lowest, int highest) => Parse<int>(
        key,
        $"a whole number from {lowest} to {highest}",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= lowest && n <= highest ? n : null);

    /// <summary>A switch, as YAML 1.2 writes it.</summary>
    internal bool? Flag(string key) => Parse<bool>(key, "true or false", text => text switch { "true" => true, "false" => false, _ => null });

    /// <summary>An IP address.</summary>
    internal IPAddress? Address(string key)
    {
        IPAddress? address = null;
        Parse<bool>(key, "an IP address such as 127.0.0.1", text => IPAddress.TryParse(text, out address) ? true : null);
        return address;
    }

    /// <summary>An IP address and a port.</summary>
    internal IPEndPoint? EndPoint(string key)
    {
        IPEndPoint? endPoint = null;
        Parse<bool>(key, "off, or an IP address and a port such as 127.0.0.1:9323", text =>
            text is "off" or "false" || (IPEndPoint.TryParse(text, out endPoint) && endPoint.Port > 0) ? true : null);
        return endPoint;
    }

    /// <summary>One of a few words.</summary>
    internal T? Choice<T>(string key)
        where T : struct, Enum
    {
        var words = Enum.GetNames<T>().Select(name => name.ToLowerInvariant()).ToArray();
        return Parse<T>(key, $"one of {string.Join(", ", words)}", text =>
            words.Contains(text) && Enum.TryParse<T>(text, ignoreCase: true, out var value) ? value : null);
    }

    /// <summary>Any text that is not empty.</summary>
    internal string? Text(string key)
    {
        string? found = null;
        Parse<bool>(key, "a word", text => (found = text).Length > 0);
        return found;
    }

    /// <summary>A list of maps; empty when it is absent.</summary>
    internal IReadOnlyList<ConfigurationSection> Sections(string key)
    {
        if (!Find(key, out var entry) || Expect<ConfigurationList>(key, entry, "a list of maps") is not { } list)
        {
            return [];
        }

        foreach (var (item, index) in list.Items.Select((item, index) => (item, index)).Where(pair => pair.item is not ConfigurationMap))
        {
            Mistake(item.Position, $"{key}[{index}]", $"expected a map of keys, found {item.Kind}");
        }

        return [.. list.Items.Select((item, index) => new ConfigurationSection(Path($"{key}[{index}]"), item as ConfigurationMap, mistakes))];
    }

    /// <summary>A list of values, not empty; <paramref name="parse"/> says by a FormatException what is wrong with one.</summary>
    internal IReadOnlyList<T> Items<T>(string key, string expected, Func<string, T> parse)
        where T : class
    {
        if (!Find(key, out var entry) || Expect<ConfigurationList>(key, entry, $"a list of {expected}") is not { } list)
        {
            return [];
        }

        if (list.Items.Count == 0)
        {
            Mistake(list.Position, key, $"expected a list of {expected}, found an empty list");
        }

        return [.. list.Items.Select((item, index) => Parse($"{key}[{index}]", item, expected, parse)).OfType<T>()];
    }

    /// <summary>A value; <paramref name="parse"/> says by a FormatException what is wrong with it.</summary>
    internal T? Value<T>(string key, string expected, Func<string, T> parse)
        where T : class => Find(key, out var entry) ? Parse(key, entry.Value, expected, parse) : null;

    /// <summary>A map of any names to texts; empty when it is absent.</summary>
    internal IReadOnlyDictionary<string, string> Texts(string key)
    {
        var texts = new Dictionary<string, string>();
        if (Find(key, out var entry) && Expect<ConfigurationMap>(key, entry, "a map of texts") is { } names)
        {
            foreach (var (name, value) in names.Entries)
            {
                texts[name] = Parse($"{key}.{name}", value.Value, "a text", text => text) ?? "";
            }
        }

        return texts;
    }

    /// <summary>Notes a mistake about the map itself.</summary>
    internal void Mistake(string problem)
    {
        if (map is not null)
        {
            mistakes.Add($"{map.Position}: {path}: {problem}");
        }
    }

    /// <summary>Notes a mistake at a key.</summary>
    internal void Mistake(string key, string problem) => Mistake(map!.Entries[key].Position, key, problem);

    /// <summary>Notes every key that was not asked for.</summary>
    internal void Finish()
    {
        foreach (var (key, entry) in map?.Entries ?? new Dictionary<string, ConfigurationEntry>())
        {
            if (!_known.Contains(key))
            {
                var likely = Spelling.Nearest(key, _known);
                var hint = likely is null ? $"known here: {string.Join(", ", _known)}" : $"did you mean {Path(likely)}?";
                Mistake(entry.Position, key, $"unknown key; {hint}");
            }
        }
    }

    private bool Find(string key, out ConfigurationEntry entry)
    {
        _known.Add(key);
        entry = null!;
        return map?.Entries.TryGetValue(key, out entry!) == true && entry.Value is not ConfigurationScalar { IsNull: true };
    }

    private string? AbsolutePath(string key, ConfigurationNode node)
    {
        if (node is ConfigurationScalar { IsNull: false } scalar && scalar.Text.StartsWith('/') && !scalar.Text.Contains('\0'))
        {
            return System.IO.Path.GetFullPath(scalar.Text);
        }

        Mistake(node.Position, key, $"expected an absolute path, found {node.Kind}");
        return null;
    }

    private T? Parse<T>(string key, ConfigurationNode node, string expected, Func<string, T> parse)
        where T : class
    {
        if (node is not ConfigurationScalar { IsNull: false } scalar)
        {
            Mistake(node.Position, key, $"expected {expected}, found {node.Kind}");
            return null;
        }

        try
        {
            return parse(scalar.Text);
        }
        catch (FormatException error)
        {
            Mistake(scalar.Position, key, error.Message);
            return null;
        }
    }

    private T? Parse<T>(string key, string expected, Func<string, T?> parse)
        where T : struct
    {
        if (!Find(key, out var entry) || Expect<ConfigurationScalar>(key, entry, expected) is not { } scalar)
        {
            return null;
        }

        var value = parse(scalar.Text);
        if (value is null)
        {
            Mistake(scalar.Position, key, $"expected {expected}, found {scalar.Kind}");
        }

        return value;
    }

    private T? Expect<T>(string key, ConfigurationEntry entry, string expected)
        where T : ConfigurationNode
    {
        if (entry.Value is not T)
        {
            Mistake(entry.Value.Position, key, $"expected {expected}, found {entry.Value.Kind}");
        }

        return entry.Value as T;
    }

    private string Path(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private void Mistake(SourcePosition position, string key, string problem) => mistakes.Add($"{position}: {Path(key)}: {problem}");
}
