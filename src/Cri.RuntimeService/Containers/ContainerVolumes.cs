using Cri.ImageService;
using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Spec;
using Grpc.Core;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// What the OCI runtime cannot mount by itself: images, and host paths whose owners are translated by the pod's user
/// namespace. Both are mounted below the container's bundle and are there until the container is removed.
/// </summary>
public sealed class ContainerVolumes(ImageStore images, Snapshotter snapshots)
{
    // The word that the kubelet looks for (cri-api, errors.ErrImageVolumeMountFailed).
    private const string ImageFailed = "ImageVolumeMountFailed";

    /// <summary>The image of each mount, null for one of a host path. Throws NOT_FOUND when one is not on this node.</summary>
    public IReadOnlyList<ImageRecord?> FindImages(V1.ContainerConfig config) => [.. config.Mounts.Select(mount => mount.Image is { Image.Length: > 0 } image
        ? images.Find(image.Image)
            ?? throw CriError.NotFound($"{ImageFailed}: {VolumeMounts.Title(mount)}: image \"{image.Image}\" is not on this node; pull it first")
        : null)];

    /// <summary>Mounts what is needed. On failure some of it may be mounted.</summary>
    /// <param name="id">The container.</param>
    /// <param name="config">Its configuration, checked.</param>
    /// <param name="sandbox">Its pod.</param>
    /// <param name="found">What <see cref="FindImages"/> answered.</param>
    public async Task MountAsync(string id, V1.ContainerConfig config, Sandbox sandbox, IReadOnlyList<ImageRecord?> found)
    {
        var files = sandbox.Files.Container(id);
        for (var number = 0; number < config.Mounts.Count; number++)
        {
            var mount = config.Mounts[number];
            if (found[number] is { } image)
            {
                var root = files.VolumeImage(number);
                Directory.CreateDirectory(root);
                var snapshot = await snapshots.PrepareViewAsync(id, number, image, PodLayers.IdsOf(sandbox), CancellationToken.None);
                Attach(mount, files.Volume(number), () => image.Files is null ? OpenImage(mount, snapshot, root) : OpenArtifact(mount, snapshot, root, sandbox));
            }
            else if (VolumeMounts.IsPrepared(mount))
            {
                Attach(mount, files.Volume(number), () => OpenMapped(mount, sandbox));
            }
        }
    }

    // The path inside the image is resolved as if the image were the whole world, and then held by a descriptor, so that
    // no link in it leads anywhere else.
    private static DetachedMount OpenImage(V1.Mount mount, SnapshotMount snapshot, string root)
    {
        Mount.Make(snapshot.Type, snapshot.Source, root, snapshot.Options);
        using var tree = FileTree.Open(root);
        using var place = tree.OpenInRoot(mount.ImageSubPath.Length > 0 ? mount.ImageSubPath : ".");
        var volume = DetachedMount.Of(place, $"{mount.Image.Image}:/{mount.ImageSubPath}");
        volume.MakePrivate();
        return volume;
    }

    // Its files are shared with the store, so their owners cannot be changed on the disk, only as they appear: where the file
    // system cannot do that, they belong to nobody, and everyone may read them as before.
    private static DetachedMount OpenArtifact(V1.Mount mount, SnapshotMount snapshot, string root, Sandbox sandbox)
    {
        var volume = OpenImage(mount, snapshot, root);
        try
        {
            if (PodLayers.IdsOf(sandbox) is not null)
            {
                using var user = PathFd.OpenRead(sandbox.Files.Namespace("user"));
                volume.MapIds(user);
            }
        }
        catch (LinuxException error) when (error.Error == Errno.EINVAL)
        {
        }

        return volume;
    }

    private static DetachedMount OpenMapped(V1.Mount mount, Sandbox sandbox)
    {
        using var user = PathFd.OpenRead(sandbox.Files.Namespace("user"));
        var volume = DetachedMount.Of(VolumeMounts.Source(mount));
        try
        {
            volume.MapIds(user);
            if (mount.Propagation == V1.MountPropagation.PropagationPrivate)
            {
                volume.MakePrivate();
            }

            return volume;
        }
        catch
        {
            volume.Dispose();
            throw;
        }
    }

    private static void Attach(V1.Mount mount, string target, Func<DetachedMount> open)
    {
        try
        {
            using var volume = open();
            if (volume.IsDirectory)
            {
                Directory.CreateDirectory(target);
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                SmallFile.Write(target, []);
            }

            volume.Attach(target);
        }
        catch (LinuxException error)
        {
            throw Explain(mount, error);
        }
    }

    private static RpcException Explain(V1.Mount mount, LinuxException error)
    {
        if (mount.Image is not null)
        {
            var text = $"{ImageFailed}: {VolumeMounts.Title(mount)}: image \"{mount.Image.Image}\", path \"{mount.ImageSubPath}\": {error.Message}";
            return error.Error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? CriError.NotFound(text) : CriError.Precondition(text);
        }

        var why = error is { Call: "mount_setattr", Error: Errno.EINVAL } ? "its file system cannot translate owners (idmapped mounts): " : "";
        return CriError.Precondition($"{VolumeMounts.Title(mount)}: host path \"{mount.HostPath}\": {why}{error.Message}");
    }
}
