namespace Cri.ImageService.Layers.Tar;

/// <summary>A part of a sparse file that has content; what lies between its regions is a hole.</summary>
/// <param name="Offset">Where in the file it begins, in bytes.</param>
/// <param name="Length">How many bytes it has.</param>
internal readonly record struct SparseRegion(long Offset, long Length);
