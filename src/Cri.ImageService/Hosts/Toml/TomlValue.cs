namespace Cri.ImageService.Hosts.Toml;

/// <summary>A value of a TOML document and the line it is on, counted from 1.</summary>
/// <param name="Line">The line.</param>
internal abstract record TomlValue(int Line)
{
    /// <summary>What a person calls this kind of value.</summary>
    internal abstract string Kind { get; }
}

/// <summary>A string.</summary>
internal sealed record TomlString(string Value, int Line) : TomlValue(Line)
{
    internal override string Kind => "a string";
}

/// <summary>true or false.</summary>
internal sealed record TomlBoolean(bool Value, int Line) : TomlValue(Line)
{
    internal override string Kind => "a boolean";
}

/// <summary>A whole number.</summary>
internal sealed record TomlInteger(long Value, int Line) : TomlValue(Line)
{
    internal override string Kind => "a number";
}

/// <summary>An array.</summary>
internal sealed record TomlArray(IReadOnlyList<TomlValue> Items, int Line) : TomlValue(Line)
{
    internal override string Kind => "an array";
}

/// <summary>A table: keys and values in the order of the document.</summary>
internal sealed record TomlTable(int Line) : TomlValue(Line)
{
    private readonly List<KeyValuePair<string, TomlValue>> _entries = [];

    internal override string Kind => "a table";

    internal IReadOnlyList<KeyValuePair<string, TomlValue>> Entries => _entries;

    internal TomlValue? Find(string key) => _entries.Find(entry => entry.Key == key).Value;

    internal void Add(string key, TomlValue value)
    {
        if (Find(key) is { } earlier)
        {
            throw new TomlException(value.Line, $"key \"{key}\" is given already on line {earlier.Line}");
        }

        _entries.Add(new(key, value));
    }
}

/// <summary>A document that does not follow the rules.</summary>
internal sealed class TomlException(int line, string message) : Exception(message)
{
    /// <summary>The line, counted from 1.</summary>
    internal int Line { get; } = line;
}
