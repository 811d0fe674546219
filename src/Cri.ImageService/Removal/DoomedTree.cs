using Cri.Linux;

namespace Cri.ImageService.Removal;

/// <summary>Something that has lost its name and waits for its removal from disk.</summary>
/// <param name="path">Where it lies; a name that starts with a dot.</param>
/// <param name="usage">The space that it takes; null when nobody knows.</param>
/// <param name="report">Where what an earlier process left is counted; null for what this one removes.</param>
internal sealed class DoomedTree(string path, FileSystemUsage? usage, LeftoverReport? report)
{
    private readonly TreeRemoval _removal = new(path);
    private FileSystemUsage? _usage = usage;

    internal string Path { get; } = path;

    /// <summary>Why its removal failed, when it did.</summary>
    internal IOException? Failure { get; set; }

    /// <summary>
    /// What is not free yet: of a known space the share of the entries that are left, else what there is now; reads the
    /// tree for that.
    /// </summary>
    internal FileSystemUsage Remaining
    {
        get
        {
            if (Volatile.Read(ref _usage) is not { } usage)
            {
                return FileSystemUsage.OfTree(Path) ?? FileSystemUsage.None;
            }

            var left = Math.Max(0, usage.Inodes - _removal.Removed);
            return new FileSystemUsage(usage.Inodes == 0 ? 0 : (long)(usage.Bytes * ((double)left / usage.Inodes)), left);
        }
    }

    /// <summary>
    /// Removes it; see <see cref="TreeRemoval.Run"/>. What an earlier process left is measured first, since what that said
    /// of it may be removed in part.
    /// </summary>
    internal void Remove(CancellationToken cancellation)
    {
        if (report is not null && _removal.Removed == 0)
        {
            Volatile.Write(ref _usage, OfPath(Path));
        }

        _removal.Run(cancellation);
        report?.Freed(Volatile.Read(ref _usage)!);
    }

    private static FileSystemUsage OfPath(string path) => FileStatus.Of(path) switch
    {
        null => FileSystemUsage.None,
        { Kind: FileKind.Directory } => FileSystemUsage.OfTree(path) ?? FileSystemUsage.None,
        var file => new FileSystemUsage(file.Blocks * 512, 1),
    };
}
