using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// The end of a container's bundle: it is renamed first, so that a crash in the middle leaves no container that has lost a part of
/// itself, but a name that the next start sweeps.
/// </summary>
public static class ContainerDirectory
{
    /// <summary>Takes the bundle its name, when it has it still; nothing may be mounted in it. Answers where it lies now.</summary>
    public static string Doom(ContainerLayout files)
    {
        var doomed = Path.Combine(Path.GetDirectoryName(files.Bundle)!, PodDirectory.RemovingPrefix + Path.GetFileName(files.Bundle));
        if (Directory.Exists(files.Bundle))
        {
            Directory.Move(files.Bundle, doomed);
        }

        return doomed;
    }

    /// <summary>Removes what <see cref="Doom"/> left; nothing happens when it is gone.</summary>
    public static void Delete(string doomed)
    {
        if (Directory.Exists(doomed))
        {
            MountSweep.Delete(doomed);
        }
    }

    /// <summary>Finishes the removals in a pod that an earlier server was cut off in.</summary>
    public static void Sweep(PodLayout pod)
    {
        foreach (var doomed in Directory.EnumerateDirectories(pod.Directory, PodDirectory.RemovingPrefix + "*"))
        {
            MountSweep.Delete(doomed);
        }
    }
}
