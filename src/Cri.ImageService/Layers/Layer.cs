using Cri.Linux;
using Cri.Oci.Images;

namespace Cri.ImageService.Layers;

/// <summary>An extracted layer on disk; images with the same diff id share it.</summary>
/// <param name="Name">Its short name, 7 characters or a few more, which keeps the options of an overlay mount short.</param>
/// <param name="DiffId">The digest of its uncompressed tar.</param>
/// <param name="Usage">The space its tree takes.</param>
public sealed record Layer(string Name, Digest DiffId, FileSystemUsage Usage)
{
    /// <summary>
    /// Directories that its archive has entries in but does not list itself, parents first; one character a byte. Their owner and
    /// mode here mean nothing: those of the layers below count.
    /// </summary>
    internal IReadOnlyList<string> ImpliedDirectories { get; init; } = [];
}
