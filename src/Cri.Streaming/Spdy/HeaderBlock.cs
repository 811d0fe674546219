using System.Buffers.Binary;
using System.Text;

namespace Cri.Streaming.Spdy;

/// <summary>The names and values of a frame's headers (SPDY draft 3, section 2.6.10).</summary>
internal static class HeaderBlock
{
    /// <summary>The most headers of one frame.</summary>
    internal const int MostHeaders = 100;

    /// <summary>
    /// Reads a block; several values of a name stay joined by NUL. Null when it is malformed: a name that is empty, not in lower
    /// case or there twice, a length beyond the block, bytes left over.
    /// </summary>
    internal static IReadOnlyDictionary<string, string>? Read(ReadOnlySpan<byte> block)
    {
        var headers = new Dictionary<string, string>();
        if (!TryTakeLength(ref block, out var count) || count > MostHeaders)
        {
            return null;
        }

        for (var i = 0; i < count; i++)
        {
            if (!TryTakeText(ref block, out var name) || !TryTakeText(ref block, out var value)
                || name.Length == 0 || name.Any(char.IsAsciiLetterUpper) || !headers.TryAdd(name, value))
            {
                return null;
            }
        }

        return block.IsEmpty ? headers : null;
    }

    /// <summary>Writes a block.</summary>
    internal static byte[] Write(IReadOnlyDictionary<string, string> headers)
    {
        var output = new MemoryStream();
        WriteLength(output, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteText(output, name);
            WriteText(output, value);
        }

        return output.ToArray();
    }

    private static bool TryTakeLength(ref ReadOnlySpan<byte> block, out uint length)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(block, out length))
        {
            return false;
        }

        block = block[4..];
        return true;
    }

    private static bool TryTakeText(ref ReadOnlySpan<byte> block, out string text)
    {
        text = "";
        if (!TryTakeLength(ref block, out var length) || length > block.Length)
        {
            return false;
        }

        text = Encoding.UTF8.GetString(block[..(int)length]);
        block = block[(int)length..];
        return true;
    }

    private static void WriteText(Stream output, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteLength(output, bytes.Length);
        output.Write(bytes);
    }

    private static void WriteLength(Stream output, int length)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        output.Write(bytes);
    }
}
