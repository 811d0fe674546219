using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Spec;

/// <summary>The mounts of a container: the system's, the pod's files, then the volumes, shorter paths first.</summary>
public static class ContainerMounts
{
    private static readonly string[] _pseudo = ["nosuid", "noexec", "nodev"];

    /// <summary>Builds the list. A volume hides a default mount of the same destination.</summary>
    public static List<MountSpec> Build(SpecInput input)
    {
        var volumes = input.Config.Mounts.Select(Volume).ToList();
        var taken = volumes.Select(volume => volume.Destination).ToHashSet(StringComparer.Ordinal);
        var defaults = System(input).Concat(PodFiles(input)).Where(mount => !taken.Contains(mount.Destination));
        return [.. defaults, .. volumes.OrderBy(volume => volume.Destination.Count(letter => letter == '/'))];
    }

    /// <summary>The propagation that the widest volume needs of the root mount; null for the runtime's default.</summary>
    public static string? RootPropagation(V1.ContainerConfig config)
    {
        var modes = config.Mounts.Select(mount => mount.Propagation).ToList();
        return modes.Contains(V1.MountPropagation.PropagationBidirectional) ? "rshared"
            : modes.Contains(V1.MountPropagation.PropagationHostToContainer) ? "rslave" : null;
    }

    private static IEnumerable<MountSpec> System(SpecInput input)
    {
        var access = input.Security.Privileged ? "rw" : "ro";
        yield return new MountSpec("/proc", "proc", "proc", _pseudo);
        yield return new MountSpec("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]);
        yield return new MountSpec("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]);
        yield return new MountSpec("/dev/mqueue", "mqueue", "mqueue", _pseudo);
        yield return new MountSpec("/sys", "sysfs", "sysfs", [.. _pseudo, access]);
        yield return new MountSpec("/sys/fs/cgroup", "cgroup", "cgroup", [.. _pseudo, "relatime", access]);
    }

    private static IEnumerable<MountSpec> PodFiles(SpecInput input)
    {
        var files = input.Sandbox.Files;
        var access = input.Security.ReadonlyRootfs ? "ro" : "rw";
        yield return Bind("/etc/hosts", files.Hosts, access);
        yield return Bind("/etc/hostname", files.Hostname, access);
        yield return Bind("/etc/resolv.conf", files.ResolvConf, access);
        var shm = SandboxNamespaces.HostIpc(input.Sandbox.Record.Config) ? "/dev/shm" : files.Shm;
        yield return Bind("/dev/shm", shm, "rw");
    }

    private static MountSpec Bind(string destination, string source, string access) =>
        new(destination, "bind", source, ["rbind", "rprivate", access]);

    private static MountSpec Volume(V1.Mount mount)
    {
        if (!mount.ContainerPath.StartsWith('/'))
        {
            throw CriError.Invalid($"mount \"{mount.ContainerPath}\": the container path must be absolute");
        }

        if (mount.Image is not null)
        {
            throw CriError.Precondition($"mount \"{mount.ContainerPath}\": image volumes are not supported");
        }

        if (mount.RecursiveReadOnly)
        {
            throw CriError.Precondition($"mount \"{mount.ContainerPath}\": recursive read-only mounts are not supported by the runtime handler");
        }

        var source = Source(mount);
        return new MountSpec(mount.ContainerPath, "bind", source, ["rbind", Propagation(mount), mount.Readonly ? "ro" : "rw"]);
    }

    private static string Propagation(V1.Mount mount) => mount.Propagation switch
    {
        V1.MountPropagation.PropagationBidirectional => "rshared",
        V1.MountPropagation.PropagationHostToContainer => "rslave",
        _ => "rprivate",
    };

    // A missing host path is made as a directory, as the kubelet and critest expect; symbolic links are followed on the host.
    private static string Source(V1.Mount mount)
    {
        if (!mount.HostPath.StartsWith('/'))
        {
            throw CriError.Invalid($"mount \"{mount.ContainerPath}\": the host path \"{mount.HostPath}\" must be absolute");
        }

        try
        {
            if (!Path.Exists(mount.HostPath))
            {
                Directory.CreateDirectory(mount.HostPath);
            }

            return RealPath.Of(mount.HostPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CriError.Precondition($"mount \"{mount.ContainerPath}\": host path \"{mount.HostPath}\": {error.Message}");
        }
    }
}
