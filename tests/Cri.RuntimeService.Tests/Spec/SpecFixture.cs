using Cri.Oci.Images;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Spec;

namespace Cri.RuntimeService.Tests.Spec;

/// <summary>A pod and an image to build specs from; nothing on the host is touched.</summary>
internal static class SpecFixture
{
    internal static HostFacts Host { get; } = HostFacts.Read() with { HostName = "node", CgroupV2 = true };

    internal static SpecInput Input(V1.ContainerConfig config, ImageConfig? image = null, V1.PodSandboxConfig? pod = null)
    {
        pod ??= new V1.PodSandboxConfig();
        pod.Metadata ??= new V1.PodSandboxMetadata { Name = "pod", Namespace = "ns", Uid = "uid" };
        config.Metadata ??= new V1.ContainerMetadata { Name = "main" };
        return new SpecInput
        {
            Id = "container-id",
            Config = config,
            Sandbox = new Sandbox(new SandboxRecord { Id = "pod-id", CreatedAt = 1, Config = pod }, new PodLayout("/run/crisp/pods/pod-id")),
            Image = image ?? new ImageConfig { Cmd = ["/bin/sh"] },
            Identity = new Identity(0, 0, []),
            Cgroups = new CgroupDriver(IsSystemd: false),
            Host = Host,
        };
    }

    /// <summary>Namespace options in which every container has a PID namespace of its own.</summary>
    internal static V1.LinuxContainerConfig OwnPid() => new()
    {
        SecurityContext = new V1.LinuxContainerSecurityContext { NamespaceOptions = new V1.NamespaceOption { Pid = V1.NamespaceMode.Container } },
    };
}
