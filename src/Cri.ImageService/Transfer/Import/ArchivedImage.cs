using Cri.Oci.Images;

namespace Cri.ImageService.Transfer.Import;

/// <summary>One image of an archive: what it is called there, and where the parts lie that its documents name.</summary>
/// <param name="Names">As the archive writes them.</param>
/// <param name="Root">The digest of its index, or of its manifest when there is none.</param>
/// <param name="RootType">The media type that the archive says the root has.</param>
/// <param name="Parts">Finds each part by digest.</param>
internal sealed record ArchivedImage(IReadOnlyList<string> Names, Digest Root, string? RootType, ArchivedParts Parts);
