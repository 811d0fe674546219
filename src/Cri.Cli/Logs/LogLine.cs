namespace Cri.Cli.Logs;

/// <summary>A line of a CRI log file: <c>time stdout|stderr P|F text</c>.</summary>
/// <param name="IsError">True for stderr.</param>
/// <param name="IsFull">True when the text ends where the container ended its line; false for a piece that the next one continues.</param>
/// <param name="Text">The bytes that the container wrote, without the end of the line.</param>
internal readonly record struct LogLine(bool IsError, bool IsFull, ReadOnlyMemory<byte> Text)
{
    /// <summary>Reads a line without its newline. One that is malformed counts as text of stdout, so that nothing is hidden.</summary>
    public static LogLine Parse(ReadOnlyMemory<byte> line)
    {
        var rest = line;
        if (NextWord(ref rest) is { Length: > 0 } && Stream(NextWord(ref rest)) is { } isError && Tag(NextWord(ref rest)) is { } isFull)
        {
            return new LogLine(isError, isFull, rest);
        }

        return new LogLine(false, true, line);
    }

    private static ReadOnlySpan<byte> NextWord(ref ReadOnlyMemory<byte> rest)
    {
        var space = rest.Span.IndexOf((byte)' ');
        var word = rest.Span[..Math.Max(space, 0)];
        rest = rest[(space + 1)..];
        return word;
    }

    private static bool? Stream(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("stdout"u8) ? false : word.SequenceEqual("stderr"u8) ? true : null;

    // Further tags may follow the first after a colon.
    private static bool? Tag(ReadOnlySpan<byte> word) => word switch
    {
        [(byte)'F'] or [(byte)'F', (byte)':', ..] => true,
        [(byte)'P'] or [(byte)'P', (byte)':', ..] => false,
        _ => null,
    };
}
