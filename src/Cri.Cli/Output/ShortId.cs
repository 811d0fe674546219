namespace Cri.Cli.Output;

/// <summary>Ids as people read them: 13 characters, without the algorithm.</summary>
internal static class ShortId
{
    /// <summary>The short form of an id or digest.</summary>
    public static string Of(string id)
    {
        var hex = id[(id.IndexOf(':') + 1)..];
        return hex.Length > 13 ? hex[..13] : hex;
    }

    /// <summary>A text with every full id and digest in it shortened.</summary>
    public static string In(string text) => string.Join(' ', text.Split(' ').Select(word => IsFull(word) ? Of(word) : word));

    /// <summary>An image as a container names it: a reference stays, a bare digest is shortened.</summary>
    public static string OfImage(string image) => image.StartsWith("sha256:", StringComparison.Ordinal) ? Of(image) : image;

    private static bool IsFull(string word) => word[(word.IndexOf(':') + 1)..] is { Length: 64 } hex && hex.All(char.IsAsciiHexDigitLower);
}
