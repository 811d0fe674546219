using System.Buffers;
using System.Globalization;
using System.Text;

namespace Cri.Grpc.Wire;

/// <summary>How grpc-message carries any text in a header: UTF-8, with all but printable ASCII and '%' as %XX.</summary>
internal static class PercentEncoding
{
    private static readonly SearchValues<char> _plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Where(c => c != '%')]);

    /// <summary>Encodes text; unpaired surrogates become U+FFFD.</summary>
    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(_plain))
        {
            return text;
        }

        var encoded = new StringBuilder(text.Length + 16);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (_plain.Contains((char)octet))
            {
                encoded.Append((char)octet);
            }
            else
            {
                encoded.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return encoded.ToString();
    }

    /// <summary>Decodes what <see cref="Encode"/> made; malformed escapes stay as they are.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%'))
        {
            return text;
        }

        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, null, out var octet))
            {
                octets.Add(octet);
                i += 2;
            }
            else
            {
                octets.AddRange(Encoding.UTF8.GetBytes([text[i]]));
            }
        }

        return Encoding.UTF8.GetString([.. octets]);
    }
}
