using System.Text.Json;
using Cri.Oci.Images;

namespace Cri.ImageService.Signatures;

/// <summary>What a signer vouches for. To be read only from content whose signature was verified.</summary>
/// <param name="Digests">The digests of the manifests or indexes, as text.</param>
/// <param name="Identity">The repository, perhaps with a tag, that it is for; null when none is named.</param>
/// <param name="Annotations">What else it says.</param>
internal sealed record SignatureClaim(IReadOnlyList<string> Digests, string? Identity, IReadOnlyDictionary<string, string> Annotations)
{
    private const int ShownMax = 256;

    /// <summary>Why this does not vouch for an image; null when it does.</summary>
    /// <param name="policy">What is demanded.</param>
    /// <param name="image">The name that the image is to be used by.</param>
    /// <param name="subject">The digest that the signature has to be for.</param>
    internal string? Mismatch(ImagePolicy policy, ImageReference image, Digest subject)
    {
        if (!Digests.Contains(subject.ToString()))
        {
            return $"is for {Shown(string.Join(", ", Digests))}";
        }

        if (!IsFor(policy.Identity, image))
        {
            return Identity is null ? "names no repository" : $"is for {Shown(Identity)}";
        }

        var missing = policy.Annotations.Where(wanted => Annotations.GetValueOrDefault(wanted.Key) != wanted.Value).ToList();
        return missing.Count == 0 ? null : $"lacks {string.Join(", ", missing.Select(wanted => $"{wanted.Key}={wanted.Value}"))}";
    }

    /// <summary>Those annotations that are text; the rest cannot be demanded.</summary>
    internal static Dictionary<string, string> TextsOf(IReadOnlyDictionary<string, JsonElement>? annotations) =>
        (annotations ?? new Dictionary<string, JsonElement>())
            .Where(pair => pair.Value.ValueKind == JsonValueKind.String)
            .ToDictionary(pair => pair.Key, pair => pair.Value.GetString()!);

    private bool IsFor(RepositoryPattern? wanted, ImageReference image)
    {
        if (wanted is { IsEverything: true })
        {
            return true;
        }

        if (Identity is null)
        {
            return wanted is null;
        }

        if (ImageReference.TryParse(Identity) is not { } named)
        {
            return false;
        }

        return wanted?.Matches(named) ?? (RepositoryPattern.NameOf(named) == RepositoryPattern.NameOf(image) && IsForTag(named, image));
    }

    // Some tools name the tag too; then another tag's signature is none for this one. A pull by digest is for no tag.
    private bool IsForTag(ImageReference named, ImageReference image)
    {
        var namesTag = Identity!.IndexOf(':', Identity.LastIndexOf('/') + 1) >= 0 && named.Digest is null;
        return !namesTag || image.Digest is not null || named.Tag == image.Tag;
    }

    private static string Shown(string text) => text.Length > ShownMax ? text[..ShownMax] : text;
}
