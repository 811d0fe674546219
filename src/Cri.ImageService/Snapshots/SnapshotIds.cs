using Cri.Linux;

namespace Cri.ImageService.Snapshots;

/// <summary>The user namespace that a snapshot is made for: its files belong to that namespace's users.</summary>
/// <param name="Ids">The ids of the namespace.</param>
/// <param name="MappedLayers">
/// A mount of the directory of layers on which the kernel translates the owners; null where it cannot, so that each
/// snapshot has to be a copy with other owners.
/// </param>
public sealed record SnapshotIds(IdMap Ids, string? MappedLayers);
