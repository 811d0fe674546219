using System.Text;
using Cri.Streaming.Connections;

namespace Cri.Streaming.Http;

/// <summary>The head of an HTTP/1.1 request (RFC 9112), at most 16 KiB long.</summary>
/// <param name="Method">The method, such as GET.</param>
/// <param name="Path">The path without the query.</param>
/// <param name="Query">The query without its question mark; empty when there is none.</param>
/// <param name="Headers">The header fields; values of one name are joined by commas.</param>
internal sealed record RequestHead(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers)
{
    private const int LargestHead = 16 * 1024;

    /// <summary>Reads a head up to its empty line, and nothing after it; null when it is none, or too long.</summary>
    /// <exception cref="IOException">The client is gone.</exception>
    internal static async Task<RequestHead?> ReadAsync(IByteChannel channel)
    {
        var bytes = new byte[LargestHead];
        for (var length = 0; length < bytes.Length; length++)
        {
            if (await channel.ReadAsync(bytes.AsMemory(length, 1)) == 0)
            {
                return null;
            }

            if (bytes.AsSpan(0, length + 1).EndsWith("\r\n\r\n"u8))
            {
                return Parse(Encoding.Latin1.GetString(bytes, 0, length - 3));
            }
        }

        return null;
    }

    /// <summary>Parses a head without its empty line; null when it is malformed.</summary>
    internal static RequestHead? Parse(string text)
    {
        var lines = text.Split("\r\n");
        if (lines[0].Split(' ') is not [var method, ['/', ..] target, "HTTP/1.1"])
        {
            return null;
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines[1..])
        {
            var colon = line.IndexOf(':');
            if (colon <= 0 || line.AsSpan(0, colon).IndexOfAny(" \t") >= 0)
            {
                return null;
            }

            var value = line[(colon + 1)..].Trim();
            headers[line[..colon]] = headers.TryGetValue(line[..colon], out var before) ? $"{before},{value}" : value;
        }

        var parts = target.Split('?', 2);
        return new RequestHead(method, parts[0], parts.Length > 1 ? parts[1] : "", headers);
    }

    /// <summary>The words of a header's comma-separated list; empty when it is absent.</summary>
    internal IReadOnlyList<string> List(string header) =>
        Headers.GetValueOrDefault(header, "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>True when the client asks to go on in this protocol.</summary>
    internal bool AsksFor(string protocol) =>
        List("Connection").Contains("Upgrade", StringComparer.OrdinalIgnoreCase)
        && List("Upgrade").Contains(protocol, StringComparer.OrdinalIgnoreCase);

    /// <summary>The values of a query parameter, decoded.</summary>
    internal IEnumerable<string> QueryValues(string name) => Query.Split('&')
        .Select(pair => pair.Split('=', 2))
        .Where(pair => pair.Length == 2 && Uri.UnescapeDataString(pair[0]) == name)
        .Select(pair => Uri.UnescapeDataString(pair[1]));
}
