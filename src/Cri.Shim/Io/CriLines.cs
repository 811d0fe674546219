using System.Globalization;
using System.Text;

namespace Cri.Shim.Io;

/// <summary>
/// Turns one stream into lines of a CRI log: time, stream, P or F, text. F ends a line of the output; P is a piece of a
/// line that is longer than 16 KiB, or of one that the stream ended without ending.
/// </summary>
internal sealed class CriLines(string stream)
{
    /// <summary>The longest text of a line, bytes.</summary>
    public const int MaxText = 16 << 10;

    private const int MaxHead = 64;
    private const byte NewLine = (byte)'\n';

    private byte[] _carried = [];
    private int _carriedLength;

    /// <summary>RFC 3339 with nanoseconds, as the kubelet parses it.</summary>
    public static string Time(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Formats input from <paramref name="offset"/> on, which it moves, until the input is used up or the output is full.
    /// Returns the bytes of output.
    /// </summary>
    public int Format(byte[] input, ref int offset, int end, byte[] output)
    {
        var head = Head();
        var length = 0;
        while (offset < end && output.Length - length >= MaxHead + MaxText)
        {
            var rest = input.AsSpan(offset, end - offset);
            var newLine = rest.IndexOf(NewLine);
            var text = newLine < 0 ? rest : rest[..newLine];
            var room = MaxText - _carriedLength;
            if (text.Length > room)
            {
                length += Line(head, (byte)'P', text[..room], output.AsSpan(length));
                offset += room;
            }
            else if (newLine >= 0)
            {
                length += Line(head, (byte)'F', text, output.AsSpan(length));
                offset += newLine + 1;
            }
            else
            {
                Carry(text);
                offset = end;
            }
        }

        return length;
    }

    /// <summary>Formats what is left at the end of the stream. Returns the bytes of output.</summary>
    public int End(byte[] output) => _carriedLength == 0 ? 0 : Line(Head(), (byte)'P', default, output);

    private byte[] Head() => Encoding.ASCII.GetBytes($"{Time(DateTime.UtcNow)} {stream} ");

    private int Line(byte[] head, byte tag, ReadOnlySpan<byte> text, Span<byte> output)
    {
        head.CopyTo(output);
        var length = head.Length;
        output[length++] = tag;
        output[length++] = (byte)' ';
        _carried.AsSpan(0, _carriedLength).CopyTo(output[length..]);
        length += _carriedLength;
        text.CopyTo(output[length..]);
        length += text.Length;
        output[length++] = NewLine;
        _carriedLength = 0;
        _carried = [];
        return length;
    }

    private void Carry(ReadOnlySpan<byte> text)
    {
        if (_carriedLength + text.Length > _carried.Length)
        {
            Array.Resize(ref _carried, Math.Min(MaxText, Math.Max(256, 2 * (_carriedLength + text.Length))));
        }

        text.CopyTo(_carried.AsSpan(_carriedLength));
        _carriedLength += text.Length;
    }
}
