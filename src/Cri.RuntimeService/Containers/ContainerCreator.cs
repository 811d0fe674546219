using System.Text.Json;
using Cri.ImageService;
using Cri.ImageService.Layers;
using Cri.ImageService.Snapshots;
using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Spec;

namespace Cri.RuntimeService.Containers;

/// <summary>
/// CreateContainer, in these steps, each of which pushes its undo:
/// <list type="number">
/// <item>check the request and find image and pod</item>
/// <item>reserve the name; a second identical request joins the first</item>
/// <item>resolve the user and build the runtime-spec, which refuses what cannot be granted</item>
/// <item>write the bundle</item>
/// <item>prepare the snapshot</item>
/// <item>record and publish</item>
/// </list>
/// The OCI runtime is not called before StartContainer.
/// </summary>
public sealed class ContainerCreator(
    ObjectIndex<Sandbox> sandboxes,
    ObjectIndex<Container> containers,
    NameRegistry names,
    ImageStore images,
    LayerStore layers,
    Snapshotter snapshots,
    OciRuntimes runtimes,
    CgroupDriver cgroups,
    HostFacts host,
    Journal journal)
{
    private const uint OwnerOnly = 0x180; // 0600

    /// <summary>Creates the container and answers its id.</summary>
    public Task<string> CreateAsync(V1.CreateContainerRequest request, CancellationToken cancellationToken)
    {
        // 1. Check.
        var config = Checked(request.Config);
        var sandbox = sandboxes.Get(request.PodSandboxId);
        sandbox.RequireShim();
        CheckPrivileged(config, sandbox);
        var image = FindImage(config.Image);

        // 2. Reserve the name.
        var id = ObjectId.New();
        return names.RunOnceAsync(
            ContainerRecord.Name(config.Metadata, sandbox.Id),
            Identical(sandbox.Id, config),
            () => containers.Find(id) is { State: V1.ContainerState.ContainerCreated },
            id,
            () => CreateAsync(id, config, sandbox, image),
            cancellationToken);
    }

    /// <summary>What makes two requests identical: pod and configuration; the copy of the pod's configuration is left out.</summary>
    public static V1.CreateContainerRequest Identical(string sandboxId, V1.ContainerConfig config) =>
        new() { PodSandboxId = sandboxId, Config = config };

    private async Task CreateAsync(string id, V1.ContainerConfig config, Sandbox sandbox, ImageRecord image)
    {
        var rollback = new Rollback((what, error) => journal.Warn($"container {id}: undoing {what}: {error.Message}"));
        using var turn = await sandbox.Gate.EnterAsync(CancellationToken.None);
        try
        {
            sandbox.RequireShim();

            // 3. Identity and runtime-spec.
            var security = config.Linux?.SecurityContext ?? new V1.LinuxContainerSecurityContext();
            var identity = Identity.Resolve(security, image.Config.User, new ImageFiles([.. image.Layers.Select(layers.TreePath)]));
            var spec = ContainerSpec.Build(Input(id, config, sandbox, image, identity));

            // 4. Bundle.
            var files = sandbox.Files.Container(id);
            rollback.Push("bundle", () => Directory.Delete(files.Bundle, recursive: true));
            WriteBundle(files, spec, config);

            // 5. Snapshot.
            rollback.Push("snapshot", _ => snapshots.RemoveAsync(id));
            var rootfs = await snapshots.PrepareAsync(id, image, CancellationToken.None);

            // 6. Record and publish.
            var container = new Container(Record(id, config, sandbox, image, identity, rootfs), sandbox);
            container.Persist(record => record);
            containers.Add(id, container);
            rollback.Commit();
        }
        catch
        {
            await rollback.UndoAsync();
            throw;
        }
    }

    private SpecInput Input(string id, V1.ContainerConfig config, Sandbox sandbox, ImageRecord image, Identity identity) => new()
    {
        Id = id,
        Config = config,
        Sandbox = sandbox,
        Image = image.Config,
        Identity = identity,
        Cgroups = cgroups,
        Host = host,
        TargetPidNamespace = TargetPidNamespace(config),
    };

    private string? TargetPidNamespace(V1.ContainerConfig config)
    {
        var options = config.Linux?.SecurityContext?.NamespaceOptions;
        if (options?.Pid != V1.NamespaceMode.Target)
        {
            return null;
        }

        var target = containers.Get(options.TargetId).Record;
        return target.State() == V1.ContainerState.ContainerRunning
            ? $"/proc/{target.Pid}/ns/pid"
            : throw CriError.Precondition($"target container \"{options.TargetId}\" is not running");
    }

    private ContainerRecord Record(
        string id, V1.ContainerConfig config, Sandbox sandbox, ImageRecord image, Identity identity, SnapshotMount rootfs) => new()
        {
            Id = id,
            SandboxId = sandbox.Id,
            CreatedAt = Clock.Now,
            Config = config,
            ImageId = image.Id,
            ImageRef = image.RepoDigests.FirstOrDefault() ?? image.Id,
            LogPath = LogPath(sandbox.Record.Config.LogDirectory, config.LogPath),
            Runtime = runtimes.Require(sandbox.Record.RuntimeHandler).Handler,
            StopSignal = StopSignal.Resolve(config.StopSignal, image.Config.StopSignal),
            Uid = identity.Uid,
            Gid = identity.Gid,
            SupplementalGroups = identity.Groups,
            Rootfs = rootfs,
        };

    private static void WriteBundle(ContainerLayout files, RuntimeSpec spec, V1.ContainerConfig config)
    {
        const UnixFileMode Passable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(files.Bundle, Passable);
        Directory.CreateDirectory(Path.Combine(files.Bundle, "rootfs"));
        File.WriteAllBytes(files.Config, JsonSerializer.SerializeToUtf8Bytes(spec, RuntimeJson.Default.RuntimeSpec));
        File.SetUnixFileMode(files.Config, UnixFileMode.UserRead | UnixFileMode.UserWrite);
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

    // The CRI demands that a pod says beforehand whether it will hold privileged containers (LinuxSandboxSecurityContext).
    private static void CheckPrivileged(V1.ContainerConfig config, Sandbox sandbox)
    {
        if (config.Linux?.SecurityContext?.Privileged == true && sandbox.Record.Config.Linux?.SecurityContext?.Privileged != true)
        {
            throw CriError.Invalid($"container \"{config.Metadata.Name}\": privileged, but its pod sandbox {sandbox.Id} is not");
        }
    }

    private ImageRecord FindImage(V1.ImageSpec? spec) => spec is { Image.Length: > 0 }
        ? images.Find(spec.Image) ?? throw CriError.NotFound($"image \"{spec.Image}\" is not on this node; pull it first")
        : throw CriError.Invalid("container config: image is empty");

    private static V1.ContainerConfig Checked(V1.ContainerConfig? config) => config?.Metadata is { Name.Length: > 0 }
        ? config
        : throw CriError.Invalid("container config: metadata.name is missing");
}
