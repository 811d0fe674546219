using System.Globalization;
using System.Text;

namespace Cri.Server.Logging;

/// <summary>The bytes of one logfmt line; used again and again by one thread.</summary>
internal sealed class LogLine(int size)
{
    // Room that is always kept for the closing quote, the mark of a cut text, and the newline.
    private const int Reserve = 8;
    private static readonly byte[] _cutMark = "..."u8.ToArray();
    private readonly byte[] _bytes = new byte[size];
    private int _length;

    /// <summary>Starts a line with its time (UTC, milliseconds) and level.</summary>
    internal void Begin(DateTime time, LogLevel level)
    {
        _length = 0;
        Copy("time="u8);
        time.TryFormat(_bytes.AsSpan(_length), out var count, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _length += count;
        Copy(level switch
        {
            LogLevel.Debug => " level=debug"u8,
            LogLevel.Info => " level=info"u8,
            LogLevel.Warn => " level=warn"u8,
            _ => " level=error"u8,
        });
    }

    /// <summary>Adds a key and a value, the value cut to <paramref name="limit"/> bytes; nothing when the line is full.</summary>
    internal void Append(string key, string value, int limit)
    {
        var end = Math.Min(_length + key.Length + 2 + limit, _bytes.Length - Reserve);
        if (_length + key.Length + Reserve > end)
        {
            return;
        }

        _bytes[_length++] = (byte)' ';
        foreach (var c in key)
        {
            _bytes[_length++] = IsPlain(c) && c != '=' ? (byte)c : (byte)'_';
        }

        _bytes[_length++] = (byte)'=';
        AppendValue(value, end);
    }

    /// <summary>Ends the line and returns it with its newline.</summary>
    internal ReadOnlySpan<byte> End()
    {
        _bytes[_length++] = (byte)'\n';
        return _bytes.AsSpan(0, _length);
    }

    private void AppendValue(string value, int end)
    {
        var quoted = !IsBare(value);
        if (quoted)
        {
            _bytes[_length++] = (byte)'"';
        }

        Span<byte> piece = stackalloc byte[8];
        foreach (var rune in value.EnumerateRunes())
        {
            var count = Encode(rune, piece);
            if (_length + count > end)
            {
                Copy(_cutMark);
                break;
            }

            Copy(piece[..count]);
        }

        if (quoted)
        {
            _bytes[_length++] = (byte)'"';
        }
    }

    private static int Encode(Rune rune, Span<byte> piece)
    {
        ReadOnlySpan<byte> escape = rune.Value switch
        {
            '\n' => "\\n"u8,
            '\r' => "\\r"u8,
            '\t' => "\\t"u8,
            '"' => "\\\""u8,
            '\\' => "\\\\"u8,
            _ => default,
        };
        if (!escape.IsEmpty)
        {
            escape.CopyTo(piece);
            return escape.Length;
        }

        return IsHarmless(rune) ? rune.EncodeToUtf8(piece) : Encoding.ASCII.GetBytes($"\\u{rune.Value & 0xffff:x4}", piece);
    }

    // Control and format characters can move a terminal's cursor or turn the direction of its text.
    private static bool IsHarmless(Rune rune) => rune.Value > 0xffff || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static bool IsBare(string value)
    {
        foreach (var c in value)
        {
            if (!IsPlain(c) || c is '=')
            {
                return false;
            }
        }

        return value.Length > 0;
    }

    private static bool IsPlain(char c) => c is > ' ' and < '\x7f' and not ('"' or '\\');

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }
}
