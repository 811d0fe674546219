using Cri.Oci.Runtime;

namespace Cri.RuntimeService.Spec;

/// <summary>Builds the runtime-spec of a container: one small function for each concern.</summary>
public static class ContainerSpec
{
    /// <summary>The whole <c>config.json</c>. Throws INVALID_ARGUMENT or FAILED_PRECONDITION for what cannot be granted.</summary>
    public static RuntimeSpec Build(SpecInput input)
    {
        ContainerNamespaces.Check(input);
        var (process, linux) = (ContainerProcess.Build(input), Linux(input));
        return new RuntimeSpec
        {
            Process = process,
            Root = new RootSpec("rootfs", input.Security.ReadonlyRootfs),
            Annotations = Annotations(input),
            Linux = linux,

            // Last, because missing host paths are made.
            Mounts = ContainerMounts.Build(input),
        };
    }

    private static LinuxSpec Linux(SpecInput input) => new()
    {
        Namespaces = ContainerNamespaces.Build(input),
        UidMappings = IdRanges.Users(input.Sandbox.Record.Config),
        GidMappings = IdRanges.Groups(input.Sandbox.Record.Config),
        Devices = ContainerDevices.Nodes(input),
        Resources = ContainerResources.Build(input.Config.Linux?.Resources, input.Host) with { Devices = ContainerDevices.Rules(input) },
        CgroupsPath = input.Cgroups.PathOf(input.Sandbox.Record.Config.Linux?.CgroupParent ?? "", input.Id),
        MaskedPaths = input.Security.Privileged ? null : [.. input.Security.MaskedPaths],
        ReadonlyPaths = input.Security.Privileged ? null : [.. input.Security.ReadonlyPaths],
        RootfsPropagation = ContainerMounts.RootPropagation(input.Config),
        Seccomp = ContainerSeccomp.Build(input),
        MountLabel = input.Labels.Mount,
    };

    // The annotations by which other tools find a container's pod.
    private static Dictionary<string, string> Annotations(SpecInput input)
    {
        var metadata = input.Sandbox.Record.Config.Metadata;
        return new Dictionary<string, string>
        {
            ["io.kubernetes.cri.container-type"] = "container",
            ["io.kubernetes.cri.container-name"] = input.Config.Metadata.Name,
            ["io.kubernetes.cri.image-name"] = input.Config.Image?.Image ?? "",
            ["io.kubernetes.cri.sandbox-id"] = input.Sandbox.Id,
            ["io.kubernetes.cri.sandbox-name"] = metadata.Name,
            ["io.kubernetes.cri.sandbox-namespace"] = metadata.Namespace,
            ["io.kubernetes.cri.sandbox-uid"] = metadata.Uid,
        };
    }
}
