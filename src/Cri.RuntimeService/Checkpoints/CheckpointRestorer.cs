using System.Text.Json;
using Cri.ImageService;
using Cri.ImageService.Layers;
using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Checkpoints;

/// <summary>
/// Finds the checkpoint that a container's image names: the path of an archive on this node, or an image that holds one
/// (its only layer has the archive's content, as <c>buildah</c> or <c>checkpointctl build</c> make it). A restored process has the user, the capabilities
/// and the filters it was dumped with, whatever its pod allows, so that an administrator must have allowed this.
/// </summary>
/// <param name="images">Where images are looked up.</param>
/// <param name="layers">Where their files lie.</param>
/// <param name="snapshots">Where the container's files will lie.</param>
/// <param name="criu">Whether CRIU works here.</param>
/// <param name="isAllowed">The administrator's decision.</param>
public sealed class CheckpointRestorer(ImageStore images, LayerStore layers, Snapshotter snapshots, CriuCheck criu, bool isAllowed)
{
    /// <summary>
    /// The checkpoint that is named; null for an ordinary image. Throws FAILED_PRECONDITION when restoring is not allowed or
    /// CRIU does not work, INVALID_ARGUMENT for what is no checkpoint, NOT_FOUND when its base image is not on this node.
    /// </summary>
    public async Task<CheckpointSource?> FindAsync(V1.ContainerConfig config, CancellationToken cancellationToken)
    {
        var name = config.Image?.Image ?? "";
        var archive = name.StartsWith('/') ? name : null;
        var tree = archive is null ? HeldBy(name) : null;
        if (archive is null && tree is null)
        {
            return null;
        }

        var operation = $"container \"{config.Metadata.Name}\": restore from {name}";
        if (!isAllowed)
        {
            throw CriError.Precondition($"{operation}: not allowed on this node (checkpointRestore in its configuration)");
        }

        await criu.RequireAsync(operation, cancellationToken);
        try
        {
            var dump = JsonSerializer.Deserialize(CheckpointSource.ReadConfig(archive, tree), CheckpointJson.Default.ConfigDump)!;
            var image = images.Find(dump.RootfsImageRef) ?? images.Find(dump.RootfsImage)
                ?? throw CriError.NotFound($"{operation}: its base image {dump.RootfsImageRef} ({dump.RootfsImage}) is not on this node; pull it first");
            return new CheckpointSource(name, archive, tree, dump, image, snapshots);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or JsonException or UnauthorizedAccessException)
        {
            throw CriError.Invalid($"{operation}: {error.Message}");
        }
    }

    private string? HeldBy(string name)
    {
        if (name.Length == 0 || images.Find(name) is not { Layers: [var only] })
        {
            return null;
        }

        var tree = layers.TreePath(only);
        return IsThere(CheckpointNames.ConfigDump, FileKind.Regular)
            && IsThere(CheckpointNames.SpecDump, FileKind.Regular)
            && IsThere(CheckpointNames.Images, FileKind.Directory) ? tree : null;

        bool IsThere(string file, FileKind kind) => FileStatus.Of(Path.Join(tree, file))?.Kind == kind;
    }
}
