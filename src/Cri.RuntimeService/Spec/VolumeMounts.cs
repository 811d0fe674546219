using Cri.Linux;
using Cri.Oci.Runtime;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Spec;

/// <summary>The mounts that the request asks for (CRI <c>Mount</c>): host paths and images.</summary>
public static class VolumeMounts
{
    // What an unprivileged mount namespace may not take away from a mount (mount_namespaces(7)).
    private static readonly HashSet<string> _locked = new(StringComparer.Ordinal) { "nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime" };

    /// <summary>
    /// Builds the mounts in the order of the request. Throws INVALID_ARGUMENT or FAILED_PRECONDITION for what cannot be
    /// granted, before any missing host path is made.
    /// </summary>
    public static List<MountSpec> Build(SpecInput input)
    {
        foreach (var mount in input.Config.Mounts)
        {
            Check(mount, input);
        }

        return [.. input.Config.Mounts.Select((mount, number) => Build(mount, number, input))];
    }

    /// <summary>True when what the OCI runtime takes must be mounted first: an image, or a host path with other owners.</summary>
    public static bool IsPrepared(V1.Mount mount) => mount.Image is not null || mount.UidMappings.Count > 0;

    /// <summary>
    /// The host path of a mount with its symbolic links followed. A missing one is made as a directory, as the kubelet expects.
    /// </summary>
    public static string Source(V1.Mount mount)
    {
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
            throw CriError.Precondition($"{Title(mount)}: host path \"{mount.HostPath}\": {error.Message}");
        }
    }

    /// <summary>What errors call a mount.</summary>
    public static string Title(V1.Mount mount) => $"mount \"{mount.ContainerPath}\"";

    private static MountSpec Build(V1.Mount mount, int number, SpecInput input)
    {
        if (mount.Image is not null)
        {
            return new MountSpec(mount.ContainerPath, "bind", input.Files.Volume(number), ["rbind", "rprivate", "ro"]);
        }

        var source = Source(mount);
        var isLocked = mount.Readonly && PodUserNamespace.Of(input.Sandbox.Record.Config) is not null;

        // With a thousand pods the table takes long to read, and few mounts need to know where they come from.
        var origin = isLocked || mount.Propagation != V1.MountPropagation.PropagationPrivate ? MountTable.Containing(source) : null;
        CheckPropagation(mount, source, origin);
        var access = mount.RecursiveReadOnly ? "rro" : mount.Readonly ? "ro" : "rw";
        List<string> options = ["rbind", Propagation(mount), access];
        if (isLocked)
        {
            options.AddRange(origin?.Options.Where(_locked.Contains) ?? []);
        }

        return new MountSpec(mount.ContainerPath, "bind", IsPrepared(mount) ? input.Files.Volume(number) : source, options);
    }

    private static void Check(V1.Mount mount, SpecInput input)
    {
        if (!mount.ContainerPath.StartsWith('/'))
        {
            throw CriError.Invalid($"{Title(mount)}: the container path must be absolute");
        }

        if (mount.Image is not null)
        {
            CheckImage(mount);
        }
        else if (mount.ImageSubPath.Length > 0)
        {
            throw CriError.Invalid($"{Title(mount)}: image_sub_path is set without an image");
        }
        else if (!mount.HostPath.StartsWith('/'))
        {
            throw CriError.Invalid($"{Title(mount)}: the host path \"{mount.HostPath}\" must be absolute");
        }

        CheckRecursive(mount, input);
        CheckIds(mount, input);
    }

    private static void CheckImage(V1.Mount mount)
    {
        if (mount.HostPath.Length > 0)
        {
            throw CriError.Invalid($"{Title(mount)}: image and host_path \"{mount.HostPath}\" exclude each other");
        }

        if (mount.Image.Image.Length == 0)
        {
            throw CriError.Invalid($"{Title(mount)}: the image has no name");
        }

        if (mount.Propagation != V1.MountPropagation.PropagationPrivate)
        {
            throw CriError.Invalid($"{Title(mount)}: an image has no mount propagation");
        }

        if (mount.ImageSubPath.StartsWith('/') || mount.ImageSubPath.Split('/').Contains(".."))
        {
            throw CriError.Invalid($"{Title(mount)}: image_sub_path \"{mount.ImageSubPath}\" must be relative and without \"..\"");
        }
    }

    private static void CheckRecursive(V1.Mount mount, SpecInput input)
    {
        if (!mount.RecursiveReadOnly)
        {
            return;
        }

        if (!mount.Readonly)
        {
            throw CriError.Invalid($"{Title(mount)}: recursive_read_only needs readonly");
        }

        if (mount.Propagation != V1.MountPropagation.PropagationPrivate)
        {
            throw CriError.Invalid($"{Title(mount)}: recursive_read_only needs propagation PRIVATE");
        }

        // The first word is the one that the kubelet looks for (cri-api, errors.ErrRROUnsupported).
        if (!input.RecursiveReadOnly)
        {
            throw CriError.Precondition($"RROUnsupported: {Title(mount)}: the runtime handler does not support recursive read-only mounts");
        }
    }

    private static void CheckIds(V1.Mount mount, SpecInput input)
    {
        if (mount.UidMappings.Count == 0 && mount.GidMappings.Count == 0)
        {
            return;
        }

        var pod = PodUserNamespace.Of(input.Sandbox.Record.Config)
            ?? throw CriError.Invalid($"{Title(mount)}: it has id mappings, but its pod has no user namespace");
        var users = mount.UidMappings.Select(PodUserNamespace.Range);
        var groups = mount.GidMappings.Select(PodUserNamespace.Range);
        if (!users.SequenceEqual([pod.Users]) || !groups.SequenceEqual([pod.Groups]))
        {
            throw CriError.Invalid($"{Title(mount)}: its id mappings differ from those of the pod's user namespace");
        }
    }

    private static string Propagation(V1.Mount mount) => mount.Propagation switch
    {
        V1.MountPropagation.PropagationBidirectional => "rshared",
        V1.MountPropagation.PropagationHostToContainer => "rslave",
        _ => "rprivate",
    };

    // Without a peer group nothing would ever be propagated, and a container that relies on it would wait for ever.
    private static void CheckPropagation(V1.Mount mount, string source, MountEntry? origin)
    {
        var (missing, needed) = mount.Propagation switch
        {
            V1.MountPropagation.PropagationBidirectional => (origin is not { IsShared: true }, "shared"),
            V1.MountPropagation.PropagationHostToContainer => (origin is not ({ IsShared: true } or { IsSlave: true }), "shared or slave"),
            _ => (false, ""),
        };
        if (missing)
        {
            throw CriError.Precondition(
                $"{Title(mount)}: host path \"{source}\" is mounted on \"{origin?.Target}\", which is not a {needed} mount");
        }
    }
}
