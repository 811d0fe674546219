using Cri.Oci.Images;
using Grpc.Core;

namespace Cri.ImageService.Transfer.Import;

/// <summary>
/// Which names the images of an archive get: those that it gives them, or what whoever imports it says. A name may be a bare tag,
/// which needs a repository to go with it.
/// </summary>
internal sealed class ImportNaming
{
    private readonly ImageReference? _name;
    private readonly bool _hasTag;

    private ImportNaming(ImageReference? name, bool hasTag)
    {
        _name = name;
        _hasTag = hasTag;
    }

    /// <summary>The naming that an operator asked for; empty for the archive's own.</summary>
    /// <exception cref="ImageException">INVALID_ARGUMENT: it is no name, or has a digest.</exception>
    internal static ImportNaming Parse(string name)
    {
        if (name.Length == 0)
        {
            return new ImportNaming(null, false);
        }

        try
        {
            var reference = ImageReference.Parse(name);
            return reference.Digest is null
                ? new ImportNaming(reference, name.IndexOf(':', name.LastIndexOf('/') + 1) >= 0)
                : throw new FormatException($"image reference \"{name}\": an imported image cannot be given a digest");
        }
        catch (FormatException error)
        {
            throw new ImageException(StatusCode.InvalidArgument, error.Message, error);
        }
    }

    /// <summary>The names of one of <paramref name="count"/> images, that the archive calls <paramref name="given"/>.</summary>
    /// <exception cref="ImageException">INVALID_ARGUMENT: there are several, and one name was asked for.</exception>
    internal IReadOnlyList<ImageReference> NamesOf(IReadOnlyList<string> given, int count)
    {
        if (_name is null)
        {
            return [.. given.Where(IsWhole).Select(ImageReference.TryParse).OfType<ImageReference>().Where(name => name.Tag is not null).Distinct()];
        }

        if (_hasTag)
        {
            return count == 1 ? [_name] : throw new ImageException(
                StatusCode.InvalidArgument, $"the archive holds {count} images, so one name with a tag, {_name}, cannot be given to them");
        }

        var tags = given.Select(TagOf).OfType<string>().Distinct().Select(tag => ImageReference.TryParse($"{_name.Name}:{tag}")).OfType<ImageReference>().ToList();
        return tags.Count == 0 && count == 1 ? [_name] : tags;
    }

    // A bare word is a tag: "latest" or "v1.2" name no repository.
    private static bool IsWhole(string name) => name.Contains('/') || name.Contains(':');

    private static string? TagOf(string name) => IsWhole(name) ? ImageReference.TryParse(name)?.Tag : name;
}
