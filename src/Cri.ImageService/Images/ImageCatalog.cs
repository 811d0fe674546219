using System.Collections.Frozen;
using Cri.Oci.Images;

namespace Cri.ImageService.Images;

/// <summary>All image records at one moment, and the ways to find one. Immutable; a change makes a new one.</summary>
internal sealed class ImageCatalog
{
    private readonly FrozenDictionary<string, ImageRecord> _byId;
    private readonly FrozenDictionary<string, ImageRecord> _byName;

    internal ImageCatalog(IEnumerable<ImageRecord> records)
    {
        Images = [.. records.OrderBy(record => record.Id, StringComparer.Ordinal)];
        _byId = Images.ToFrozenDictionary(record => record.Id);
        _byName = Images
            .SelectMany(record => record.RepoTags.Concat(record.RepoDigests).Select(name => (name, record)))
            .DistinctBy(pair => pair.name)
            .ToFrozenDictionary(pair => pair.name, pair => pair.record);
    }

    internal static ImageCatalog Empty { get; } = new([]);

    internal IReadOnlyList<ImageRecord> Images { get; }

    internal ImageRecord? ById(string id) => _byId.GetValueOrDefault(id);

    internal ImageRecord? ByName(ImageReference reference) => _byName.GetValueOrDefault(reference.Canonical().ToString());

    /// <summary>
    /// By id (with or without its algorithm), by name as people write it, or by an unambiguous beginning of an id:
    /// in this order, as containerd's CRI resolves.
    /// </summary>
    internal ImageRecord? Find(string text)
    {
        if (ById(text) is { } exact)
        {
            return exact;
        }

        if (ImageReference.TryParse(text) is { } reference && ByName(reference) is { } named)
        {
            return named;
        }

        return ByIdPrefix(text);
    }

    internal ImageCatalog With(IEnumerable<ImageRecord> changed)
    {
        var replaced = changed.ToDictionary(record => record.Id);
        return replaced.Count == 0 ? this : new ImageCatalog(Images.Where(record => !replaced.ContainsKey(record.Id)).Concat(replaced.Values));
    }

    internal ImageCatalog Without(string id) => _byId.ContainsKey(id) ? new(Images.Where(record => record.Id != id)) : this;

    private ImageRecord? ByIdPrefix(string text)
    {
        var hex = text.StartsWith("sha256:", StringComparison.Ordinal) ? text["sha256:".Length..] : text;
        if (hex.Length == 0 || !hex.All(char.IsAsciiHexDigitLower))
        {
            return null;
        }

        var matches = Images.Where(record => record.Id.AsSpan("sha256:".Length).StartsWith(hex)).Take(2).ToList();
        return matches.Count == 1 ? matches[0] : null;
    }
}
