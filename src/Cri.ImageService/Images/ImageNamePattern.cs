using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>
/// A pattern of complete image names, such as <c>registry.example.com/team/*:v1</c>. <c>*</c> stands for any characters but a
/// slash, <c>**</c> for any characters. Without a tag or digest it stands for all of a repository. Immutable.
/// </summary>
public sealed record ImageNamePattern
{
    private const int LengthMax = 512;

    private ImageNamePattern(string text) => Text = text;

    /// <summary>The pattern as it was written.</summary>
    public string Text { get; }

    /// <summary>Checks a pattern.</summary>
    /// <exception cref="FormatException">It can match nothing; the message says why.</exception>
    public static ImageNamePattern Parse(string text)
    {
        if (text.Length is 0 or > LengthMax || !text.All(c => char.IsAsciiLetterOrDigit(c) || "*._-:/[]@".Contains(c)))
        {
            throw new FormatException($"expected an image name such as registry.example.com/team/*, found \"{text}\"");
        }

        // docker.io/busybox, or busybox, is not what such an image is called in full.
        return text.Contains('*') || ImageReference.TryParse(text) is not { } name || text.StartsWith($"{name.Name}", StringComparison.Ordinal)
            ? new ImageNamePattern(text)
            : throw new FormatException($"\"{text}\" is not a complete name and matches nothing; expected {name.Name}");
    }

    /// <summary>True when one of the image's names is one that the pattern stands for.</summary>
    public bool Matches(ImageRecord image) => image.RepoTags.Concat(image.RepoDigests).Any(Matches);

    /// <inheritdoc/>
    public override string ToString() => Text;

    // The complete name, or its repository alone.
    private bool Matches(string name) =>
        Matches(Text, name) || (ImageReference.TryParse(name) is { } reference && Matches(Text, reference.Name));

    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        var star = pattern.IndexOf('*');
        if (star < 0)
        {
            return pattern.SequenceEqual(name);
        }

        if (!name.StartsWith(pattern[..star]))
        {
            return false;
        }

        var isDeep = pattern[star..].StartsWith("**");
        var rest = pattern[(star + (isDeep ? 2 : 1))..];
        name = name[star..];
        var slash = name.IndexOf('/');
        var reach = isDeep || slash < 0 ? name.Length : slash;
        for (var taken = 0; taken <= reach; taken++)
        {
            if (Matches(rest, name[taken..]))
            {
                return true;
            }
        }

        return false;
    }
}
