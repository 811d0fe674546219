using Cri.Linux;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>Unmounts whatever a directory still holds before it is removed, so that nothing behind a mount is ever deleted.</summary>
public static class MountSweep
{
    /// <summary>Unmounts everything at or below the directory, the innermost first.</summary>
    public static void Below(string directory)
    {
        foreach (var entry in MountTable.Below(directory).Reverse().ToList())
        {
            Mount.UnmountAll(entry.Target);
        }
    }
}
