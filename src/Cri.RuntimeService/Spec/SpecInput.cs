using Cri.Oci.Images;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Selinux;

namespace Cri.RuntimeService.Spec;

/// <summary>All that the runtime-spec of a container is made from.</summary>
public sealed record SpecInput
{
    /// <summary>The container id.</summary>
    public required string Id { get; init; }

    /// <summary>What the kubelet asked for.</summary>
    public required V1.ContainerConfig Config { get; init; }

    /// <summary>The pod it joins.</summary>
    public required Sandbox Sandbox { get; init; }

    /// <summary>The configuration of its image.</summary>
    public required ImageConfig Image { get; init; }

    /// <summary>Who its first process runs as.</summary>
    public required Identity Identity { get; init; }

    /// <summary>Who makes cgroups.</summary>
    public required CgroupDriver Cgroups { get; init; }

    /// <summary>What the host allows.</summary>
    public required HostFacts Host { get; init; }

    /// <summary>Its SELinux labels; none where the host has none.</summary>
    public SelinuxLabels Labels { get; init; } = SelinuxLabels.None;

    /// <summary>The PID namespace of the container named as target; null unless the PID mode is TARGET.</summary>
    public string? TargetPidNamespace { get; init; }

    /// <summary>True when the runtime handler makes mounts read-only recursively.</summary>
    public bool RecursiveReadOnly { get; init; }

    /// <summary>Where its files lie.</summary>
    public ContainerLayout Files => Sandbox.Files.Container(Id);

    /// <summary>The security context, empty when the request has none.</summary>
    public V1.LinuxContainerSecurityContext Security => Config.Linux?.SecurityContext ?? new V1.LinuxContainerSecurityContext();

    /// <summary>The container's namespace options, the pod's where it names none.</summary>
    public V1.NamespaceOption Namespaces => Config.Linux?.SecurityContext?.NamespaceOptions ?? SandboxNamespaces.Of(Sandbox.Record.Config);
}
