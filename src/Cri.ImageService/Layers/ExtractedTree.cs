using Cri.Linux;

namespace Cri.ImageService.Layers;

/// <summary>What extracting a layer came to.</summary>
/// <param name="Usage">The space its tree takes.</param>
/// <param name="ImpliedDirectories">See <see cref="Layer.ImpliedDirectories"/>.</param>
internal sealed record ExtractedTree(FileSystemUsage Usage, IReadOnlyList<string> ImpliedDirectories);
