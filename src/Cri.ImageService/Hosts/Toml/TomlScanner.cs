using System.Globalization;
using System.Text;

namespace Cri.ImageService.Hosts.Toml;

/// <summary>The characters of a TOML document and the tokens made of them, with the line they are on.</summary>
internal sealed class TomlScanner(string text)
{
    private readonly string _text = text;
    private int _position;

    internal int Line { get; private set; } = 1;

    internal bool IsAtEnd => _position >= _text.Length;

    /// <summary>The next character, or NUL at the end.</summary>
    internal char Peek => IsAtEnd ? '\0' : _text[_position];

    internal TomlException Error(string message) => new(Line, message);

    internal bool TryTake(char expected)
    {
        var matches = Peek == expected && !IsAtEnd;
        _position += matches ? 1 : 0;
        return matches;
    }

    internal void Expect(char expected)
    {
        SkipSpaces();
        if (!TryTake(expected))
        {
            throw Error($"expected '{expected}' but found {Found}");
        }
    }

    internal void ExpectEndOfLine()
    {
        SkipSpaces();
        SkipComment();
        if (!IsAtEnd && Peek is not ('\n' or '\r'))
        {
            throw Error($"expected the end of the line but found {Found}");
        }
    }

    internal void SkipSpaces()
    {
        while (Peek is ' ' or '\t')
        {
            _position++;
        }
    }

    /// <summary>Skips spaces, comments and line ends.</summary>
    internal void SkipBlankLines()
    {
        SkipSpaces();
        SkipComment();
        while (!IsAtEnd && Peek is '\n' or '\r')
        {
            Line += Peek == '\n' ? 1 : 0;
            _position++;
            SkipSpaces();
            SkipComment();
        }
    }

    internal string ReadBareKey() =>
        Take(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') is { Length: > 0 } key ? key : throw Error($"expected a key but found {Found}");

    internal string ReadWord() =>
        Take(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '+' or '.' or ':') is { Length: > 0 } word
            ? word
            : throw Error($"expected a value but found {Found}");

    /// <summary>A basic string ("...") with its escapes, or a literal one ('...').</summary>
    internal string ReadString()
    {
        var quote = _text[_position];
        if (_text.AsSpan(_position).StartsWith(new string(quote, 3)))
        {
            throw Error("multi-line strings are not supported");
        }

        _position++;
        var value = new StringBuilder();
        while (!TryTake(quote))
        {
            if (IsAtEnd || Peek is '\n' or '\r')
            {
                throw Error("a string does not end on its line");
            }

            value.Append(quote == '"' && TryTake('\\') ? ReadEscape() : _text[_position++].ToString());
        }

        // No file, header or address has one, and what reads them fails in its own way.
        return value.ToString() is var text && !text.Contains('\0') ? text : throw Error("a string has a NUL in it");
    }

    private string Found => IsAtEnd ? "the end of the file" : Peek is '\n' or '\r' ? "the end of the line" : $"'{Peek}'";

    private string ReadEscape()
    {
        var escape = Peek;
        _position++;
        return escape switch
        {
            '"' or '\\' => escape.ToString(),
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'b' => "\b",
            'f' => "\f",
            'u' => ReadCodePoint(4),
            'U' => ReadCodePoint(8),
            _ => throw Error($"unknown escape \\{escape} in a string"),
        };
    }

    private string ReadCodePoint(int digits)
    {
        var hex = _text.AsSpan(_position, Math.Min(digits, _text.Length - _position));
        if (hex.Length < digits || !int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || !Rune.IsValid(code))
        {
            throw Error("a bad Unicode escape in a string");
        }

        _position += digits;
        return new Rune(code).ToString();
    }

    private void SkipComment()
    {
        if (Peek == '#')
        {
            while (!IsAtEnd && Peek != '\n')
            {
                _position++;
            }
        }
    }

    private string Take(Func<char, bool> matches)
    {
        var start = _position;
        while (!IsAtEnd && matches(Peek))
        {
            _position++;
        }

        return _text[start.._position];
    }
}
