using System.Text.Json;
using Cri.ImageService;
using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.Linux.Faults;
using Cri.Linux.Tracing;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Checkpoints;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// CreateContainer, in these steps, each of which pushes its undo:
/// <list type="number">
/// <item>check the request and find image and pod, or the checkpoint that the image names</item>
/// <item>reserve the name; a second identical request joins the first</item>
/// <item>resolve the user and build the runtime-spec, which refuses what cannot be granted</item>
/// <item>write the bundle</item>
/// <item>prepare the snapshot</item>
/// <item>mount what the volumes need</item>
/// <item>record and publish</item>
/// </list>
/// The OCI runtime is not called before StartContainer.
/// </summary>
public sealed class ContainerCreator(
    ObjectIndex<Sandbox> sandboxes,
    ObjectIndex<Container> containers,
    NameRegistry names,
    OperationsUnderWay underWay,
    ImageStore images,
    Snapshotter snapshots,
    ContainerVolumes volumes,
    ContainerPlanner planner,
    CheckpointRestorer restorer,
    OciRuntimes runtimes,
    ContainerEvents events,
    Journal journal)
{
    private const uint OwnerOnly = 0x180; // 0600

    /// <summary>Creates the container and answers its id.</summary>
    public async Task<string> CreateAsync(V1.CreateContainerRequest request, CancellationToken cancellationToken)
    {
        // 1. Check.
        var config = Checked(request.Config);
        RequestSize.CheckConfig("container config", config);
        var sandbox = sandboxes.Get(request.PodSandboxId);
        sandbox.RequireShim();
        planner.Check(config, sandbox);
        var checkpoint = await restorer.FindAsync(config, cancellationToken);
        config = checkpoint?.Adapt(config) ?? config;
        var image = checkpoint?.Image ?? FindImage(config.Image);

        // 2. Reserve the name.
        var id = ObjectId.New();
        return await names.RunOnceAsync(
            ContainerRecord.Name(config.Metadata, sandbox.Id),
            Identical(sandbox.Id, config),
            () => containers.Find(id) is { State: V1.ContainerState.ContainerCreated },
            id,
            () => CreateAsync(id, config, sandbox, image, checkpoint),
            cancellationToken);
    }

    /// <summary>What makes two requests identical: pod and configuration; the copy of the pod's configuration is left out.</summary>
    public static V1.CreateContainerRequest Identical(string sandboxId, V1.ContainerConfig config) =>
        new() { PodSandboxId = sandboxId, Config = config };

    private async Task CreateAsync(string id, V1.ContainerConfig config, Sandbox sandbox, ImageRecord image, CheckpointSource? checkpoint)
    {
        using var mark = underWay.Begin(id);
        Spans.About(sandbox.Id, id);
        var rollback = new Rollback((what, error) => journal.Warn($"container {id}: undoing {what}: {error.Message}"));
        using var turn = await sandbox.Gate.EnterAsync("CreateContainer", CancellationToken.None);
        try
        {
            sandbox.RequireShim();

            // 3. Identity and runtime-spec.
            var volumeImages = volumes.FindImages(config);
            var planning = Spans.Begin("spec");
            var plan = await planner.MakeAsync(id, config, sandbox, image);
            planning?.Stop();

            FaultPoint.Reach(FaultPoints.CreatePlanned);

            // 4. Bundle.
            var files = sandbox.Files.Container(id);
            rollback.Push("bundle", () => MountSweep.Delete(files.Bundle));
            using (Spans.Begin("bundle"))
            {
                WriteBundle(files, plan.Spec, config, sandbox.Record.Config);
            }

            FaultPoint.Reach(FaultPoints.CreateBundleWritten);

            // 5. Snapshot.
            rollback.Push("snapshot", _ => snapshots.RemoveAsync(id));
            var preparing = Spans.Begin("snapshot");
            var rootfs = await snapshots.PrepareAsync(id, image, PodLayers.IdsOf(sandbox), CancellationToken.None);
            preparing?.Stop();

            FaultPoint.Reach(FaultPoints.CreateSnapshotPrepared);

            // 6. Volumes.
            rollback.Push("volumes", () => MountSweep.Below(files.Volumes));
            using (Spans.Begin("volumes"))
            {
                await volumes.MountAsync(id, config, sandbox, volumeImages);
            }

            FaultPoint.Reach(FaultPoints.CreateVolumesMounted);

            // 7. Record and publish.
            var record = Record(id, config, sandbox, image, plan, rootfs);
            if (checkpoint is not null)
            {
                record = record with { Checkpoint = await Task.Run(() => checkpoint.Unpack(id, record.LogPath)) };
            }

            var container = new Container(record, sandbox, containers.Changes);
            using var first = await container.Gate.EnterAsync("CreateContainer", CancellationToken.None);
            container.Persist(newest => newest);
            FaultPoint.Reach(FaultPoints.CreateRecorded);
            containers.Add(id, container);
            rollback.Commit();
            events.Created(container);
            FaultPoint.Reach(FaultPoints.CreatePublished);
        }
        catch
        {
            await rollback.UndoAsync();
            throw;
        }
    }

    private ContainerRecord Record(
        string id, V1.ContainerConfig config, Sandbox sandbox, ImageRecord image, ContainerPlan plan, SnapshotMount rootfs) => new()
        {
            Id = id,
            SandboxId = sandbox.Id,
            CreatedAt = Clock.After(Earlier(config, sandbox)),
            Config = config,
            ImageId = image.Id,
            ImageName = config.Image.Image == image.Id ? image.RepoTags.FirstOrDefault() : null,
            ImageRef = image.RepoDigests.FirstOrDefault() ?? image.Id,
            LogPath = LogPath(sandbox.Record.Config.LogDirectory, config.LogPath),
            Runtime = runtimes.Require(sandbox.Record.RuntimeHandler).Handler,
            DirectExecs = runtimes.Require(sandbox.Record.RuntimeHandler).DirectExecs,
            StopSignal = StopSignal.Resolve(config.StopSignal, image.Config.StopSignal),
            Uid = plan.Identity.Uid,
            Gid = plan.Identity.Gid,
            SupplementalGroups = plan.Identity.Groups,
            Rootfs = rootfs,
            MountLabel = plan.Labels.Mount,
        };

    private IEnumerable<long> Earlier(V1.ContainerConfig config, Sandbox sandbox) =>
        from other in containers.All
        where other.Sandbox.Record.Config.Metadata.Uid == sandbox.Record.Config.Metadata.Uid && other.Record.Config.Metadata.Name == config.Metadata.Name
        select other.Record.CreatedAt;

    private static void WriteBundle(ContainerLayout files, RuntimeSpec spec, V1.ContainerConfig config, V1.PodSandboxConfig pod)
    {
        PodDirectory.CreatePrivate(files.Bundle, pod);
        FaultPoint.Reach(FaultPoints.CreateBundleMade);
        Directory.CreateDirectory(Path.Combine(files.Bundle, "rootfs"));
        SmallFile.Write(files.Config, JsonSerializer.SerializeToUtf8Bytes(spec, RuntimeJson.Default.RuntimeSpec), SmallFile.OwnerOnly);
        if (config.Stdin)
        {
            Fifo.Create(files.Stdin, OwnerOnly);
        }
    }

    private static string LogPath(string directory, string path)
    {
        if (directory.Length == 0 || path.Length == 0)
        {
            return "";
        }

        var full = Path.GetFullPath(Path.Combine(directory, path));
        if (!full.StartsWith(Path.GetFullPath(directory).TrimEnd('/') + "/", StringComparison.Ordinal))
        {
            throw CriError.Invalid($"log_path \"{path}\" leads out of the pod's log directory \"{directory}\"");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }

    private static ImageRecord RequireImage(string name, ImageRecord image) => image.Files is null
        ? image
        : throw CriError.Precondition($"image \"{name}\" is an artifact: it can be mounted as an image volume, but has no configuration to run a container with");

    private ImageRecord FindImage(V1.ImageSpec? spec) => spec is { Image.Length: > 0 }
        ? RequireImage(spec.Image, images.Find(spec.Image) ?? throw CriError.NotFound($"image \"{spec.Image}\" is not on this node; pull it first"))
        : throw CriError.Invalid("container config: image is empty");

    private static V1.ContainerConfig Checked(V1.ContainerConfig? config) => config?.Metadata is { Name.Length: > 0 }
        ? config
        : throw CriError.Invalid("container config: metadata.name is missing");
}
