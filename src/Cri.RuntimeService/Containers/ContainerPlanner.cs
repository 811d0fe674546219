using Cri.ImageService;
using Cri.ImageService.Layers;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Cdi;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Selinux;
using Cri.RuntimeService.Spec;

namespace Cri.RuntimeService.Containers;

/// <summary>How a container is to run.</summary>
/// <param name="Identity">Its user and groups.</param>
/// <param name="Labels">Its SELinux labels.</param>
/// <param name="Spec">Its runtime-spec.</param>
public sealed record ContainerPlan(Identity Identity, SelinuxLabels Labels, RuntimeSpec Spec);

/// <summary>Decides how a container is to run, from its configuration, its pod, its image and the host; refuses what cannot be granted.</summary>
public sealed class ContainerPlanner(
    ObjectIndex<Container> containers,
    LayerStore layers,
    OciRuntimes runtimes,
    CgroupDriver cgroups,
    HostFacts host,
    AppArmorProfiles appArmor,
    SelinuxLabeler selinux,
    CdiRegistry cdi)
{
    private static readonly string[] _systemDirectories = ["dev", "proc", "sys"];

    /// <summary>Checks what needs no image. Throws INVALID_ARGUMENT or FAILED_PRECONDITION.</summary>
    public void Check(V1.ContainerConfig config, Sandbox sandbox)
    {
        CheckPrivileged(config, sandbox);
        ResourceRequest.Check(config.Linux?.Resources, host, $"container \"{config.Metadata.Name}\"");
    }

    /// <summary>Makes the plan; loads the default AppArmor profile and labels volumes where that is asked for.</summary>
    public async Task<ContainerPlan> MakeAsync(string id, V1.ContainerConfig config, Sandbox sandbox, ImageRecord image)
    {
        var security = config.Linux?.SecurityContext ?? new V1.LinuxContainerSecurityContext();
        var files = new ImageFiles([.. image.Layers.Select(layers.TreePath)]);
        CheckSystemDirectories(files, config);
        var identity = Identity.Resolve(security, image.Config.User, files);
        CheckMapped(identity, config, sandbox);
        var labels = selinux.OfContainer(sandbox.Labels, security);
        var input = Input(id, config, sandbox, image, identity) with { Labels = labels };
        var spec = CdiInjection.Apply(ContainerSpec.Build(input), cdi.EditsOf(CdiRegistry.Requested(config)));
        await RequireProfilesAsync(spec, config, labels);
        return new ContainerPlan(identity, labels, spec);
    }

    // What the spec relies on outside itself: the AppArmor profile is loaded, the volumes have the container's label.
    private async Task RequireProfilesAsync(RuntimeSpec spec, V1.ContainerConfig config, SelinuxLabels labels)
    {
        if (spec.Process?.ApparmorProfile is { } profile)
        {
            await appArmor.RequireAsync(profile, CancellationToken.None);
        }

        if (labels.Mount is { } label)
        {
            foreach (var mount in config.Mounts.Where(mount => mount.SelinuxRelabel && mount.HostPath.Length > 0))
            {
                VolumeRelabel.Apply(mount.HostPath, label);
            }
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
        TargetPidNamespace = TargetPidNamespace(config, sandbox),
        RecursiveReadOnly = HandlerFeatures.RecursiveReadOnly(runtimes.Require(sandbox.Record.RuntimeHandler)),
    };

    private string? TargetPidNamespace(V1.ContainerConfig config, Sandbox sandbox)
    {
        var options = config.Linux?.SecurityContext?.NamespaceOptions;
        if (options is not { Pid: V1.NamespaceMode.Target, TargetId.Length: > 0 })
        {
            return null;
        }

        var target = containers.Get(options.TargetId).Record;
        if (target.SandboxId != sandbox.Id)
        {
            throw CriError.Invalid($"target container \"{options.TargetId}\" is in pod sandbox {target.SandboxId}, not in {sandbox.Id}");
        }

        return target.State() == V1.ContainerState.ContainerRunning
            ? $"/proc/{target.Pid}/ns/pid"
            : throw CriError.Precondition($"target container \"{options.TargetId}\" is not running");
    }

    // runc makes the links and devices of /dev by their paths, and before it has changed the root: over a link there it would make them,
    // and remove what is in their way, in a directory of the node's. No image has a use for such links.
    private static void CheckSystemDirectories(ImageFiles files, V1.ContainerConfig config)
    {
        if (_systemDirectories.FirstOrDefault(files.IsLink) is { } link)
        {
            throw CriError.Precondition(
                $"container \"{config.Metadata.Name}\": image \"{config.Image.Image}\" has a symbolic link at /{link}, where the system is mounted");
        }
    }

    private static void CheckMapped(Identity identity, V1.ContainerConfig config, Sandbox sandbox)
    {
        if (PodUserNamespace.Of(sandbox.Record.Config) is not { } ids)
        {
            return;
        }

        if (ids.Users.ToHost(identity.Uid) is null)
        {
            throw CriError.Invalid($"container \"{config.Metadata.Name}\": user {identity.Uid} is not mapped in the pod's user namespace");
        }

        foreach (var group in identity.Groups.Prepend(identity.Gid).Where(group => ids.Groups.ToHost(group) is null))
        {
            throw CriError.Invalid($"container \"{config.Metadata.Name}\": group {group} is not mapped in the pod's user namespace");
        }
    }

    // The CRI demands that a pod says beforehand whether it will hold privileged containers (LinuxSandboxSecurityContext).
    private static void CheckPrivileged(V1.ContainerConfig config, Sandbox sandbox)
    {
        if (config.Linux?.SecurityContext?.Privileged == true && sandbox.Record.Config.Linux?.SecurityContext?.Privileged != true)
        {
            throw CriError.Invalid($"container \"{config.Metadata.Name}\": privileged, but its pod sandbox {sandbox.Id} is not");
        }
    }
}
