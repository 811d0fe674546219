using System.Globalization;

namespace Cri.ImageService.Hosts.Toml;

/// <summary>
/// Reads the part of TOML 1.0 that hosts files use: tables with dotted and quoted names, strings, booleans, whole
/// numbers, arrays and inline tables. Floats, dates, multi-line strings and arrays of tables are refused by name.
/// </summary>
internal sealed class TomlReader
{
    // Hosts files need three.
    private const int DepthMax = 16;

    private readonly TomlScanner _scanner;
    private int _depth;
    private readonly TomlTable _root = new(1);
    private readonly HashSet<TomlTable> _defined = [];

    private TomlReader(string text) => _scanner = new TomlScanner(text);

    /// <exception cref="TomlException">A line does not follow the rules.</exception>
    internal static TomlTable Read(string text)
    {
        var reader = new TomlReader(text);
        reader.ReadDocument();
        return reader._root;
    }

    private void ReadDocument()
    {
        var table = _root;
        _scanner.SkipBlankLines();
        while (!_scanner.IsAtEnd)
        {
            if (_scanner.TryTake('['))
            {
                table = ReadHeader();
            }
            else
            {
                ReadEntry(table);
            }

            _scanner.ExpectEndOfLine();
            _scanner.SkipBlankLines();
        }
    }

    private TomlTable ReadHeader()
    {
        if (_scanner.Peek == '[')
        {
            throw _scanner.Error("arrays of tables are not supported");
        }

        var line = _scanner.Line;
        var table = Descend(_root, ReadKey(), line);
        _scanner.Expect(']');
        return _defined.Add(table) ? table : throw new TomlException(line, $"the table is given already on line {table.Line}");
    }

    private void ReadEntry(TomlTable table)
    {
        var line = _scanner.Line;
        var key = ReadKey();
        _scanner.Expect('=');
        _scanner.SkipSpaces();
        Descend(table, key[..^1], line).Add(key[^1], ReadValue());
    }

    private static TomlTable Descend(TomlTable table, IReadOnlyList<string> path, int line)
    {
        foreach (var name in path)
        {
            var next = table.Find(name);
            if (next is null)
            {
                next = new TomlTable(line);
                table.Add(name, next);
            }

            table = next as TomlTable ?? throw new TomlException(line, $"\"{name}\" is {next.Kind} on line {next.Line}, not a table");
        }

        return table;
    }

    private List<string> ReadKey()
    {
        List<string> parts = [];
        do
        {
            _scanner.SkipSpaces();
            parts.Add(_scanner.Peek is '"' or '\'' ? _scanner.ReadString() : _scanner.ReadBareKey());
            _scanner.SkipSpaces();
        }
        while (_scanner.TryTake('.'));
        return parts;
    }

    private TomlValue ReadValue()
    {
        var line = _scanner.Line;
        return _scanner.Peek switch
        {
            '"' or '\'' => new TomlString(_scanner.ReadString(), line),
            '[' => Nested(() => ReadArray(line)),
            '{' => Nested(() => ReadInlineTable(line)),
            _ => ReadWord(line),
        };
    }

    private TomlValue Nested(Func<TomlValue> read)
    {
        if (_depth++ == DepthMax)
        {
            throw _scanner.Error($"more than {DepthMax} arrays and tables inside each other");
        }

        var value = read();
        _depth--;
        return value;
    }

    private TomlValue ReadWord(int line)
    {
        var word = _scanner.ReadWord();
        if (word is "true" or "false")
        {
            return new TomlBoolean(word == "true", line);
        }

        return long.TryParse(word.Replace("_", ""), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? new TomlInteger(number, line)
            : throw new TomlException(line, $"\"{word}\" is not a value; a string needs quotes");
    }

    private TomlArray ReadArray(int line)
    {
        List<TomlValue> items = [];
        _scanner.Expect('[');
        _scanner.SkipBlankLines();
        while (!_scanner.TryTake(']'))
        {
            items.Add(ReadValue());
            _scanner.SkipBlankLines();
            if (!_scanner.TryTake(','))
            {
                _scanner.Expect(']');
                break;
            }

            _scanner.SkipBlankLines();
        }

        return new TomlArray(items, line);
    }

    private TomlTable ReadInlineTable(int line)
    {
        var table = new TomlTable(line);
        _scanner.Expect('{');
        _scanner.SkipSpaces();
        if (_scanner.TryTake('}'))
        {
            return table;
        }

        do
        {
            _scanner.SkipSpaces();
            ReadEntry(table);
            _scanner.SkipSpaces();
        }
        while (_scanner.TryTake(','));
        _scanner.Expect('}');
        return table;
    }
}
