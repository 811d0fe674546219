using Cri.Oci.Runtime;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Spec;

/// <summary>The mounts of a container: the system's, the pod's files, then the volumes, shorter paths first.</summary>
public static class ContainerMounts
{
    private static readonly string[] _pseudo = ["nosuid", "noexec", "nodev"];

    /// <summary>Builds the list. A volume hides a default mount of the same destination, and one of /dev all of those below.</summary>
    public static List<MountSpec> Build(SpecInput input)
    {
        var volumes = VolumeMounts.Build(input);
        var taken = volumes.Select(volume => Clean(volume.Destination)).ToHashSet(StringComparer.Ordinal);
        var defaults = System(input).Concat(PodFiles(input)).Where(mount => !taken.Contains(mount.Destination)
            && !(taken.Contains("/dev") && mount.Destination.StartsWith("/dev/", StringComparison.Ordinal)));
        return [.. defaults, .. volumes.OrderBy(volume => Clean(volume.Destination).Count(letter => letter == '/'))];
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
        yield return new MountSpec("/dev/pts", "devpts", "devpts", [.. Terminals(input)]);
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

    // The group tty, unless the pod's user namespace is too small to have it.
    private static IEnumerable<string> Terminals(SpecInput input)
    {
        const uint Tty = 5;
        string[] options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
        return PodUserNamespace.Of(input.Sandbox.Record.Config) is { } ids && ids.Groups.ToHost(Tty) is null ? options : options.Append($"gid={Tty}");
    }

    private static string Clean(string destination) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));

    private static MountSpec Bind(string destination, string source, string access) =>
        new(destination, "bind", source, ["rbind", "rprivate", access]);
}
