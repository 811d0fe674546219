using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>The directory of a pod, made and removed as one.</summary>
public static class PodDirectory
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // Containers see files of the pod's directory by bind mount only, but a userns pod must be able to walk to them.
    private const UnixFileMode Passable = Private | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Makes the directory, and the log directory if one is named.</summary>
    public static void Create(PodLayout files, string logDirectory)
    {
        Directory.CreateDirectory(files.Directory, Passable);
        if (logDirectory.Length > 0)
        {
            Directory.CreateDirectory(logDirectory);
        }
    }

    /// <summary>
    /// Unmounts whatever is still mounted below the directory, then removes it. It is renamed first, so that a crash in the
    /// middle leaves a name that the next start sweeps.
    /// </summary>
    public static void Delete(PodLayout files)
    {
        if (!Directory.Exists(files.Directory))
        {
            return;
        }

        MountSweep.Below(files.Directory);
        var doomed = Path.Combine(Path.GetDirectoryName(files.Directory)!, ".removing-" + Path.GetFileName(files.Directory));
        if (Directory.Exists(doomed))
        {
            Directory.Delete(doomed, recursive: true);
        }

        Directory.Move(files.Directory, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    /// <summary>Removes what an interrupted <see cref="Delete"/> left behind.</summary>
    public static void Sweep(StateLayout state)
    {
        if (!Directory.Exists(state.Pods))
        {
            return;
        }

        foreach (var doomed in Directory.EnumerateDirectories(state.Pods, ".removing-*"))
        {
            MountSweep.Below(doomed);
            Directory.Delete(doomed, recursive: true);
        }
    }
}
