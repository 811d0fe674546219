using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.RuntimeService.Host;

namespace Cri.RuntimeService.Sandboxes;

/// <summary>
/// The layers of all images as the users of a pod's user namespace own them: one read-only, idmapped mount in the pod's
/// directory, which its containers' root file systems are then put together from.
/// </summary>
/// <param name="layers">The directory that all layers lie in.</param>
/// <param name="support">What the kernel can do there.</param>
public sealed class PodLayers(string layers, IdMapSupport support)
{
    /// <summary>Mounts the layers when the pod has a user namespace and the kernel can translate their owners.</summary>
    /// <returns>True when they are mounted.</returns>
    public bool Mount(Sandbox sandbox)
    {
        if (PodUserNamespace.Of(sandbox.Record.Config) is null || !support.Layers)
        {
            return false;
        }

        var target = sandbox.Files.Layers;
        Directory.CreateDirectory(target);
        using var user = PathFd.OpenRead(sandbox.Files.Namespace("user"));
        using var mount = DetachedMount.Of(layers);
        mount.MapIds(user);
        mount.MakeReadOnly();
        mount.MakePrivate();
        mount.Attach(target);
        return true;
    }

    /// <summary>Unmounts the layers if they are mounted; running containers keep theirs.</summary>
    public static void Unmount(PodLayout files)
    {
        if (Directory.Exists(files.Layers))
        {
            Linux.Mount.UnmountAll(files.Layers);
        }
    }

    /// <summary>How a container of the pod must see its image; null for a pod in the node's user namespace.</summary>
    public static SnapshotIds? IdsOf(Sandbox sandbox) => PodUserNamespace.Of(sandbox.Record.Config) is { } ids
        ? new SnapshotIds(ids, sandbox.Record.HasMappedLayers ? sandbox.Files.Layers : null)
        : null;
}
