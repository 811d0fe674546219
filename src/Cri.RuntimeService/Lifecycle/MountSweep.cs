using Cri.Linux;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>Unmounts whatever a directory still holds before it is removed, so that nothing behind a mount is ever deleted.</summary>
public static class MountSweep
{
    /// <summary>
    /// Unmounts everything below the directory, then removes it with all that is in it. Throws, and removes nothing, when
    /// something stays mounted.
    /// </summary>
    public static void Delete(string directory)
    {
        if (Below(directory) > 0 && MountTable.Below(directory).FirstOrDefault() is { } left)
        {
            throw new IOException($"{directory} is not removed: {left.Target} is still mounted");
        }

        Directory.Delete(directory, recursive: true);
    }

    /// <summary>
    /// Unmounts everything at or below the directory, each with all that is mounted on it; returns how much that was. The directory is
    /// small and of our own making, so it is gone through: the table of mounts is as long as the node has pods. Whatever is mounted
    /// is not looked into, for a file system that does not answer would keep us waiting.
    /// </summary>
    public static int Below(string directory)
    {
        var unmounted = 0;
        while (Mount.Unmount(directory))
        {
            unmounted++;
        }

        return FileStatus.Of(directory) is { Kind: FileKind.Directory }
            ? unmounted + Directory.EnumerateFileSystemEntries(directory).Sum(Below)
            : unmounted;
    }
}
