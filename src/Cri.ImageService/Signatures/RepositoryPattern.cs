using Cri.Oci.Images;

namespace Cri.ImageService.Signatures;

/// <summary>
/// A pattern of complete repository names, <c>host/path</c> without tag or digest. <c>*</c> stands for any characters but a
/// slash, <c>**</c> for any characters. Hosts are compared without regard to case, and <c>:443</c> is the same as no port.
/// Immutable; equal when the text is.
/// </summary>
public sealed record RepositoryPattern
{
    private const int LengthMax = 255;
    private const string Everything = "**";
    private const string DefaultPort = ":443";
    private const string DockerHub = "docker.io";

    private RepositoryPattern(string text) => Text = text;

    /// <summary>The pattern as it is compared.</summary>
    public string Text { get; }

    /// <summary>True for the pattern of all repositories.</summary>
    public bool IsEverything => Text == Everything;

    /// <summary>Checks a pattern.</summary>
    /// <exception cref="FormatException">It can match nothing, or not what its author thinks; the message says why.</exception>
    public static RepositoryPattern Parse(string text)
    {
        if (text.Length is 0 or > LengthMax || !text.All(c => char.IsAsciiLetterOrDigit(c) || "*._-:/[]@".Contains(c)))
        {
            throw new FormatException($"expected a repository such as registry.example.com/team/*, found \"{text}\"");
        }

        if (text == Everything)
        {
            return new RepositoryPattern(text);
        }

        var slash = text.IndexOf('/');
        if (slash < 1 || slash == text.Length - 1)
        {
            throw new FormatException($"\"{text}\" is no repository; all of a registry are {text.TrimEnd('/')}/**");
        }

        var host = HostOf(text[..slash]);
        CheckPath(text, host, text[(slash + 1)..]);
        return new RepositoryPattern($"{host}/{text[(slash + 1)..]}");
    }

    /// <summary>True when this is the name of a repository that the pattern stands for.</summary>
    public bool Matches(ImageReference image) => Matches(NameOf(image));

    /// <summary>True when every repository that <paramref name="other"/> matches is matched by this one, as far as can be told by the texts.</summary>
    public bool Covers(RepositoryPattern other) =>
        IsEverything || Text == other.Text
        || (Text.EndsWith("/**", StringComparison.Ordinal) && !Text[..^2].Contains('*') && other.Text.StartsWith(Text[..^2], StringComparison.Ordinal));

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The name that patterns are compared with.</summary>
    internal static string NameOf(ImageReference image) => $"{HostOf(image.Host)}/{image.Repository}";

    private static string HostOf(string host)
    {
        var lower = host.ToLowerInvariant();
        lower = lower.EndsWith(DefaultPort, StringComparison.Ordinal) ? lower[..^DefaultPort.Length] : lower;
        return lower == "index.docker.io" ? DockerHub : lower;
    }

    private static void CheckPath(string text, string host, string path)
    {
        if (path.Contains('@') || path.Contains(':'))
        {
            throw new FormatException($"\"{text}\": a policy is for whole repositories; leave out the tag or digest");
        }

        if (path.Any(char.IsAsciiLetterUpper))
        {
            throw new FormatException($"\"{text}\": repositories are lower case");
        }

        if (host != "localhost" && !host.AsSpan().ContainsAny(".:*"))
        {
            throw new FormatException($"\"{text}\": expected a complete name with its registry; on Docker Hub that is docker.io/{text}");
        }

        if (host == DockerHub && !path.Contains('/') && !path.Contains(Everything, StringComparison.Ordinal))
        {
            throw new FormatException($"\"{text}\" matches nothing; expected docker.io/library/{path}");
        }
    }

    // reached[j]: the pattern so far can match the first j characters of the name.
    private bool Matches(string name)
    {
        var reached = new bool[name.Length + 1];
        reached[0] = true;
        for (var i = 0; i < Text.Length; i++)
        {
            var isDeep = Text[i] == '*' && i + 1 < Text.Length && Text[i + 1] == '*';
            reached = Text[i] == '*' ? Spread(reached, name, isDeep) : Advance(reached, name, Text[i]);
            i += isDeep ? 1 : 0;
        }

        return reached[^1];
    }

    private static bool[] Spread(bool[] reached, string name, bool acrossSlashes)
    {
        for (var j = 1; j < reached.Length; j++)
        {
            reached[j] |= reached[j - 1] && (acrossSlashes || name[j - 1] != '/');
        }

        return reached;
    }

    private static bool[] Advance(bool[] reached, string name, char next)
    {
        var advanced = new bool[reached.Length];
        for (var j = 1; j < reached.Length; j++)
        {
            advanced[j] = reached[j - 1] && name[j - 1] == next;
        }

        return advanced;
    }
}
