using Cri.Oci.Images;

namespace Cri.ImageService;

/// <summary>One file of an artifact, as a volume shows it.</summary>
/// <param name="Path">Relative, without "." and "..": the layer's title, or the hex of its digest when it has none.</param>
/// <param name="Digest">The digest of its content.</param>
/// <param name="Size">Its length in bytes.</param>
public sealed record ArtifactFile(string Path, Digest Digest, long Size);
