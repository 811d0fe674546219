using Cri.ImageService.Pull;
using Cri.Oci.Images;

namespace Cri.ImageService.Transfer.Import;

/// <summary>How an archive is imported.</summary>
public sealed record ImportOptions
{
    /// <summary>
    /// A name with a tag for the only image of the archive, or one without a tag: then the repository that the archive's tags
    /// belong to. Empty for the names that the archive gives.
    /// </summary>
    public string Name { get; init; } = "";

    /// <summary>The platform to choose where there are several.</summary>
    public Platform Platform { get; init; } = Platform.Host;

    /// <summary>Is given, once for each image, a way to ask how far it is.</summary>
    public Action<Func<PullProgress>>? Progress { get; init; }
}

/// <summary>An image that was imported.</summary>
/// <param name="Record">It.</param>
/// <param name="Names">The names that it got.</param>
public sealed record ImportedImage(ImageRecord Record, IReadOnlyList<string> Names);
