namespace Cri.Oci.Images;

/// <summary>
/// The name of an image in a registry: <c>host/repository:tag@digest</c>. Short names are completed as Docker's
/// distribution does: <c>nginx</c> is <c>docker.io/library/nginx:latest</c>. Immutable; equal when the full names are.
/// </summary>
public sealed record ImageReference
{
    private const string DefaultHost = "docker.io";
    private const string LegacyDefaultHost = "index.docker.io";
    private const string OfficialPrefix = "library/";
    private const string DefaultTag = "latest";
    private const int NameMax = 255;

    private ImageReference(string host, string repository, string? tag, Digest? digest)
    {
        Host = host;
        Repository = repository;
        Tag = tag;
        Digest = digest;
    }

    /// <summary>The registry's host, with its port if it has one: <c>docker.io</c>, <c>localhost:5000</c>, <c>[::1]:5000</c>.</summary>
    public string Host { get; }

    /// <summary>The path inside the registry: <c>library/nginx</c>.</summary>
    public string Repository { get; }

    /// <summary>The tag; null when only a digest was given.</summary>
    public string? Tag { get; }

    /// <summary>The digest of the manifest or index; null when only a tag was given.</summary>
    public Digest? Digest { get; }

    /// <summary>Host and repository, without tag and digest.</summary>
    public string Name => $"{Host}/{Repository}";

    /// <summary>
    /// Completes and checks a reference as people write it. Without tag and digest it gets the tag <c>latest</c>.
    /// </summary>
    /// <exception cref="FormatException">It is malformed; the message says which part and why.</exception>
    public static ImageReference Parse(string text)
    {
        if (string.IsNullOrEmpty(text))
        {
            throw new FormatException("image reference is empty");
        }

        try
        {
            return ParseParts(text);
        }
        catch (FormatException error)
        {
            throw new FormatException($"image reference \"{text}\": {error.Message}", error);
        }
    }

    /// <summary>Completes and checks a reference; null when it is malformed.</summary>
    public static ImageReference? TryParse(string? text)
    {
        try
        {
            return string.IsNullOrEmpty(text) ? null : Parse(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The same repository at a digest, without a tag: <c>host/repository@digest</c>.</summary>
    public ImageReference AtDigest(Digest digest) => new(Host, Repository, null, digest);

    /// <summary>The same without the tag when there is a digest too, since then the digest alone decides.</summary>
    public ImageReference Canonical() => Digest is null ? this : AtDigest(Digest);

    /// <inheritdoc/>
    public override string ToString() =>
        Name + (Tag is null ? "" : $":{Tag}") + (Digest is null ? "" : $"@{Digest}");

    private static ImageReference ParseParts(string text)
    {
        var (unpinned, digest) = CutDigest(text);
        var (name, tag) = CutTag(unpinned);
        var (host, repository) = CutHost(name);
        ReferenceGrammar.CheckHost(host);
        ReferenceGrammar.CheckRepository(repository);
        if (host.Length + 1 + repository.Length > NameMax)
        {
            throw new FormatException($"the name is longer than {NameMax} characters");
        }

        if (ReferenceGrammar.IsBareHash(text))
        {
            throw new FormatException("64 hex digits are an image id, not a repository name");
        }

        return new ImageReference(host, repository, tag ?? (digest is null ? DefaultTag : null), digest);
    }

    private static (string Unpinned, Digest? Digest) CutDigest(string text)
    {
        var at = text.IndexOf('@');
        return at < 0 ? (text, null) : (text[..at], Images.Digest.Parse(text[(at + 1)..]));
    }

    private static (string Name, string? Tag) CutTag(string text)
    {
        // A colon before the last slash belongs to a port.
        var colon = text.IndexOf(':', text.LastIndexOf('/') + 1);
        if (colon < 0)
        {
            return (text, null);
        }

        ReferenceGrammar.CheckTag(text[(colon + 1)..]);
        return (text[..colon], text[(colon + 1)..]);
    }

    private static (string Host, string Repository) CutHost(string name)
    {
        var slash = name.IndexOf('/');
        var (host, repository) = slash > 0 && ReferenceGrammar.LooksLikeHost(name[..slash])
            ? (name[..slash], name[(slash + 1)..])
            : (DefaultHost, name);
        host = host == LegacyDefaultHost ? DefaultHost : host;
        return host == DefaultHost && !repository.Contains('/') ? (host, OfficialPrefix + repository) : (host, repository);
    }
}
