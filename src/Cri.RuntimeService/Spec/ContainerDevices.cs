using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Spec;

/// <summary>The devices of a container: none by default besides the standard ones, all of the host when privileged.</summary>
public static class ContainerDevices
{
    // What the OCI runtime makes in every container, or what a pseudo-terminal needs.
    private static readonly DeviceRuleSpec[] _standard =
    [
        new(false, null, null, null, "rwm"),
        new(true, "c", null, null, "m"), new(true, "b", null, null, "m"),
        new(true, "c", 1, 3, "rwm"), new(true, "c", 1, 5, "rwm"), new(true, "c", 1, 7, "rwm"), new(true, "c", 1, 8, "rwm"),
        new(true, "c", 1, 9, "rwm"), new(true, "c", 5, 0, "rwm"), new(true, "c", 5, 2, "rwm"), new(true, "c", 136, null, "rwm"),
    ];

    // Made by the OCI runtime itself or mounted separately.
    private static readonly HashSet<string> _skipped = new(StringComparer.Ordinal)
    {
        "/dev/pts", "/dev/shm", "/dev/fd", "/dev/mqueue", "/dev/console", "/dev/.lxc", "/dev/.lxd-mounts", "/dev/.udev",
    };

    /// <summary>Device nodes to make.</summary>
    public static List<DeviceSpec>? Nodes(SpecInput input)
    {
        if (input.Security.Privileged)
        {
            return [.. HostDevices("/dev")];
        }

        var devices = input.Config.Devices.SelectMany(Requested).ToList();
        return devices.Count == 0 ? null : devices;
    }

    /// <summary>The rules of the device cgroup.</summary>
    public static List<DeviceRuleSpec> Rules(SpecInput input) => input.Security.Privileged
        ? [new DeviceRuleSpec(true, null, null, null, "rwm")]
        : [.. _standard, .. input.Config.Devices.SelectMany(device => Requested(device).Select(node => new DeviceRuleSpec(
            true, node.Type, node.Major, node.Minor, device.Permissions.Length > 0 ? device.Permissions : "rwm")))];

    // A directory stands for all devices below it.
    private static IEnumerable<DeviceSpec> Requested(V1.Device device)
    {
        if (!device.HostPath.StartsWith('/'))
        {
            throw CriError.Invalid($"device \"{device.HostPath}\": the host path must be absolute");
        }

        if (device.Permissions.Any(letter => !"rwm".Contains(letter)))
        {
            throw CriError.Invalid($"device \"{device.HostPath}\": permissions \"{device.Permissions}\": must be letters of rwm");
        }

        var target = device.ContainerPath.Length > 0 ? device.ContainerPath : device.HostPath;
        var status = FileStatus.Of(Resolved(device.HostPath))
            ?? throw CriError.Invalid($"device \"{device.HostPath}\": no such file on the host");
        if (status.Kind == FileKind.Directory)
        {
            var directory = Resolved(device.HostPath).TrimEnd('/');
            return HostDevices(directory).Select(node => node with { Path = target.TrimEnd('/') + node.Path[directory.Length..] });
        }

        return Node(target, status) is { } single
            ? [single]
            : throw CriError.Invalid($"device \"{device.HostPath}\": not a device");
    }

    private static IEnumerable<DeviceSpec> HostDevices(string directory)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(directory).Where(path => !_skipped.Contains(path)))
        {
            var status = FileStatus.Of(path);
            if (status?.Kind == FileKind.Directory)
            {
                foreach (var inner in HostDevices(path))
                {
                    yield return inner;
                }
            }
            else if (status is not null && Node(path, status) is { } node)
            {
                yield return node;
            }
        }
    }

    private static DeviceSpec? Node(string path, FileStatus status) => status.Kind switch
    {
        FileKind.CharacterDevice => Node(path, "c", status),
        FileKind.BlockDevice => Node(path, "b", status),
        _ => null,
    };

    private static DeviceSpec Node(string path, string type, FileStatus status) => new(
        path,
        type,
        DeviceNumber.Major(status.SpecialDevice),
        DeviceNumber.Minor(status.SpecialDevice),
        (uint)status.Permissions,
        status.UserId,
        status.GroupId);

    private static string Resolved(string path)
    {
        try
        {
            return RealPath.Of(path);
        }
        catch (LinuxException error)
        {
            throw CriError.Invalid($"device \"{path}\": {error.Message}");
        }
    }
}
