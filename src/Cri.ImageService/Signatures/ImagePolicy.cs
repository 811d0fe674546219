using Cri.Oci.Images;

namespace Cri.ImageService.Signatures;

/// <summary>
/// What is demanded of the images of some repositories: a rule of the node's list. Only with <see cref="PolicyAction.Require"/>
/// do the members from <see cref="Keys"/> on count.
/// </summary>
public sealed record ImagePolicy
{
    /// <summary>What messages call it: its own name, and its place in the configuration.</summary>
    public required string Name { get; init; }

    /// <summary>The repositories that it is for; at least one pattern.</summary>
    public required IReadOnlyList<RepositoryPattern> Images { get; init; }

    /// <summary>What it does with them.</summary>
    public required PolicyAction Action { get; init; }

    /// <summary>The absolute paths of PEM files of public keys, one key a file, that signatures may be made by.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>By how many of the keys an image must be signed; at least 1.</summary>
    public int Threshold { get; init; } = 1;

    /// <summary>What a signature must say besides (<c>cosign sign -a name=value</c>).</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>The repository that signatures lie in; null for that of the image. Its tag does not count.</summary>
    public ImageReference? SignatureRepository { get; init; }

    /// <summary>
    /// The repositories that a signature may be for. Null: the image's own one, or none named. The pattern of everything: it is
    /// not looked at.
    /// </summary>
    public RepositoryPattern? Identity { get; init; }

    /// <summary>What it does, in a line: <c>images.policies[0]: reject docker.io/**</c>.</summary>
    public override string ToString() => $"{Name}: {Action.ToString().ToLowerInvariant()} {string.Join(", ", Images)}";
}
