using Cri.Api.V1;

namespace Cri.Cli.Run;

/// <summary>A pod with one container, as a kubelet would describe it.</summary>
internal sealed record PodConfiguration(PodSandboxConfig Pod, ContainerConfig Container, PodLogDirectory Logs)
{
    private const string Namespace = "default";
    private const string ManagedBy = "app.kubernetes.io/managed-by";

    /// <summary>The configuration for these options, with a new uid.</summary>
    public static PodConfiguration For(RunOptions options)
    {
        var pod = PodOf(options);
        var logs = PodLogDirectory.For(options.LogRoot, pod.Metadata);
        logs.RecordIn(pod);
        return new PodConfiguration(pod, ContainerOf(options), logs);
    }

    private static PodSandboxConfig PodOf(RunOptions options) => new()
    {
        Metadata = new PodSandboxMetadata { Name = options.Name, Namespace = Namespace, Uid = Guid.NewGuid().ToString() },
        Hostname = options.HostNetwork ? "" : options.Name,
        PortMappings = { options.Ports },
        Labels = { [ManagedBy] = "crisp" },
        Linux = new LinuxPodSandboxConfig
        {
            SecurityContext = new LinuxSandboxSecurityContext { NamespaceOptions = Namespaces(options.HostNetwork) },
        },
    };

    private static ContainerConfig ContainerOf(RunOptions options) => new()
    {
        Metadata = new ContainerMetadata { Name = options.Name },
        Image = new ImageSpec { Image = options.Image, UserSpecifiedImage = options.Image },
        Args = { options.Command },
        Envs = { options.Environment },
        Mounts = { options.Mounts },
        Labels = { [ManagedBy] = "crisp" },
        LogPath = $"{options.Name}/0.log",
        Linux = new LinuxContainerConfig
        {
            Resources = new LinuxContainerResources(),
            SecurityContext = new LinuxContainerSecurityContext { NamespaceOptions = Namespaces(options.HostNetwork) },
        },
    };

    private static NamespaceOption Namespaces(bool hostNetwork) => new()
    {
        Network = hostNetwork ? NamespaceMode.Node : NamespaceMode.Pod,
        Pid = NamespaceMode.Container,
        Ipc = NamespaceMode.Pod,
    };
}
