namespace Cri.ImageService.Snapshots;

/// <summary>How to mount a container's root file system, in the words of mount(8).</summary>
/// <param name="Type"><c>overlay</c>, or <c>bind</c> for an image without layers.</param>
/// <param name="Source">The source: <c>overlay</c>, or the directory to bind.</param>
/// <param name="Options">The options, in order.</param>
public sealed record SnapshotMount(string Type, string Source, IReadOnlyList<string> Options);
