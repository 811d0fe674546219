using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Cdi;

/// <summary>Applies CDI edits to a container's runtime-spec (CDI SPEC.md, OCI Edits).</summary>
public static class CdiInjection
{
    /// <summary>The spec with the edits applied in their order. Throws FAILED_PRECONDITION for a device that the host does not have.</summary>
    public static RuntimeSpec Apply(RuntimeSpec spec, IReadOnlyList<CdiEdits> edits) => edits.Aggregate(spec, Apply);

    private static RuntimeSpec Apply(RuntimeSpec spec, CdiEdits edits)
    {
        var process = spec.Process!;
        var linux = spec.Linux!;
        var nodes = edits.DeviceNodes.Select(node => (Node: node, Device: Device(node, process.User))).ToList();
        return spec with
        {
            Process = process with { Env = Environment(process.Env, edits.Env), User = User(process.User, edits.AdditionalGids) },
            Mounts = Mounts(spec.Mounts, edits.Mounts),
            Hooks = edits.Hooks.Aggregate(spec.Hooks, Hook),
            Linux = linux with
            {
                Devices = Devices(linux.Devices, nodes.Select(node => node.Device)),
                Resources = Resources(linux.Resources, nodes),
                IntelRdt = edits.IntelRdt ?? linux.IntelRdt,
                NetDevices = NetDevices(linux.NetDevices, edits.NetDevices),
            },
        };
    }

    private static List<string> Environment(IReadOnlyList<string> current, IReadOnlyList<string> added)
    {
        var result = current.ToList();
        foreach (var variable in added)
        {
            var name = variable[..(variable.IndexOf('=', StringComparison.Ordinal) + 1)];
            var at = result.FindIndex(old => old.StartsWith(name, StringComparison.Ordinal));
            if (at < 0)
            {
                result.Add(variable);
            }
            else
            {
                result[at] = variable;
            }
        }

        return result;
    }

    private static UserSpec User(UserSpec user, IReadOnlyList<uint> groups) => groups.Count == 0
        ? user
        : user with { AdditionalGids = [.. (user.AdditionalGids ?? []).Union(groups.Where(group => group != 0))] };

    // A mount hides an earlier one of the same place; shorter paths come first.
    private static IReadOnlyList<MountSpec> Mounts(IReadOnlyList<MountSpec> current, IReadOnlyList<CdiMount> added)
    {
        if (added.Count == 0)
        {
            return current;
        }

        var taken = added.Select(mount => mount.ContainerPath).ToHashSet(StringComparer.Ordinal);
        return [.. current.Where(mount => !taken.Contains(mount.Destination)).Concat(added.Select(Mount)).OrderBy(Depth)];
    }

    private static int Depth(MountSpec mount) => mount.Destination.TrimEnd('/').Count(letter => letter == '/');

    private static MountSpec Mount(CdiMount mount)
    {
        var type = mount.Type is { Length: > 0 } given ? given : "bind";
        var bind = type == "bind" && !mount.Options.Any(option => option is "bind" or "rbind");
        return new MountSpec(mount.ContainerPath, type, mount.HostPath, bind ? ["rbind", .. mount.Options] : mount.Options);
    }

    private static HooksSpec Hook(HooksSpec? hooks, CdiHook added)
    {
        var all = hooks ?? new HooksSpec();
        var hook = new HookSpec(added.Path, added.Args, added.Env, added.Timeout);
        return added.HookName switch
        {
            "prestart" => all with { Prestart = [.. all.Prestart ?? [], hook] },
            "createRuntime" => all with { CreateRuntime = [.. all.CreateRuntime ?? [], hook] },
            "createContainer" => all with { CreateContainer = [.. all.CreateContainer ?? [], hook] },
            "startContainer" => all with { StartContainer = [.. all.StartContainer ?? [], hook] },
            "poststart" => all with { Poststart = [.. all.Poststart ?? [], hook] },
            _ => all with { Poststop = [.. all.Poststop ?? [], hook] },
        };
    }

    private static IReadOnlyList<DeviceSpec>? Devices(IReadOnlyList<DeviceSpec>? current, IEnumerable<DeviceSpec> added)
    {
        var devices = (current ?? []).ToList();
        foreach (var device in added)
        {
            devices.RemoveAll(old => old.Path == device.Path);
            devices.Add(device);
        }

        return devices.Count == 0 ? current : devices;
    }

    private static ResourcesSpec Resources(ResourcesSpec? current, IEnumerable<(CdiDeviceNode Node, DeviceSpec Device)> nodes)
    {
        var resources = current ?? new ResourcesSpec();
        var rules = nodes.Where(node => node.Device.Type is "b" or "c").Select(node => new DeviceRuleSpec(
            true, node.Device.Type, node.Device.Major, node.Device.Minor, node.Node.Permissions is { Length: > 0 } letters ? letters : "rwm"));
        return resources with { Devices = [.. resources.Devices ?? [], .. rules] };
    }

    private static IReadOnlyDictionary<string, NetDeviceSpec>? NetDevices(
        IReadOnlyDictionary<string, NetDeviceSpec>? current, IReadOnlyList<CdiNetDevice> added)
    {
        if (added.Count == 0)
        {
            return current;
        }

        var devices = (current ?? new Dictionary<string, NetDeviceSpec>()).ToDictionary(StringComparer.Ordinal);
        foreach (var device in added)
        {
            devices[device.HostInterfaceName] = new NetDeviceSpec(device.Name);
        }

        return devices;
    }

    // A node that names type and number needs nothing on the host; what it leaves out comes from there.
    private static DeviceSpec Device(CdiDeviceNode node, UserSpec user)
    {
        var type = node.Type switch { "u" => "c", "" => null, var given => given };
        var complete = type is not null && (node.Major is > 0 || type == "p");
        var path = node.HostPath is { Length: > 0 } named ? named : node.Path;
        var status = FileStatus.Of(path);
        if (!complete && status is null)
        {
            throw CriError.Precondition($"CDI device node \"{path}\": no such device on the host");
        }

        var found = complete ? type! : TypeOf(path, status!);
        if (type is not null && type != found)
        {
            throw CriError.Precondition($"CDI device node \"{path}\": it is of type {found}, not {type}");
        }

        return new DeviceSpec(
            node.Path,
            found,
            node.Major is > 0 || complete ? node.Major ?? 0 : DeviceNumber.Major(status!.SpecialDevice),
            node.Major is > 0 || complete ? node.Minor ?? 0 : DeviceNumber.Minor(status!.SpecialDevice),
            node.FileMode ?? (uint?)status?.Permissions,
            node.Uid ?? (user.Uid > 0 ? user.Uid : null),
            node.Gid ?? (user.Gid > 0 ? user.Gid : null));
    }

    private static string TypeOf(string path, FileStatus status) => status.Kind switch
    {
        FileKind.BlockDevice => "b",
        FileKind.CharacterDevice => "c",
        FileKind.Fifo => "p",
        _ => throw CriError.Precondition($"CDI device node \"{path}\": it is no device"),
    };
}
