using Cri.Linux;
using Cri.Linux.Faults;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// The directory of a pod, made and removed as one. Local users cannot get into it: what a container's root marks as setuid there
/// would make root of anyone who can run it.
/// </summary>
public static class PodDirectory
{
    /// <summary>How the name of a directory begins that is being removed; the pod's id follows.</summary>
    internal const string RemovingPrefix = ".removing-";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int PassableForGroup = 0x1C8; // 0710

    /// <summary>Makes the directory, and the log directory if one is named.</summary>
    public static void Create(PodLayout files, V1.PodSandboxConfig config)
    {
        CreatePrivate(files.Directory, config);
        if (config.LogDirectory.Length > 0)
        {
            Directory.CreateDirectory(config.LogDirectory);
        }
    }

    /// <summary>
    /// Makes a directory that only root can get into, and the root of the pod's user namespace if it has one: the OCI runtime walks
    /// to the container's files as that one.
    /// </summary>
    public static void CreatePrivate(string path, V1.PodSandboxConfig config)
    {
        Directory.CreateDirectory(path, Private);
        if (PodUserNamespace.Of(config) is { } ids)
        {
            using var directory = PathFd.OpenRead(path);
            FileTree.SetOwner(directory, 0, ids.Groups.HostId);
            FileTree.SetPermissions(directory, PassableForGroup);
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
        var doomed = Path.Combine(Path.GetDirectoryName(files.Directory)!, RemovingPrefix + Path.GetFileName(files.Directory));
        if (Directory.Exists(doomed))
        {
            MountSweep.Delete(doomed);
        }

        Directory.Move(files.Directory, doomed);
        FaultPoint.Reach(FaultPoints.RemovePodRenamed);
        MountSweep.Delete(doomed);
    }

    /// <summary>Removes what an interrupted <see cref="Delete"/> left behind.</summary>
    public static void Sweep(StateLayout state)
    {
        if (!Directory.Exists(state.Pods))
        {
            return;
        }

        foreach (var doomed in Directory.EnumerateDirectories(state.Pods, RemovingPrefix + "*"))
        {
            MountSweep.Delete(doomed);
        }
    }
}
