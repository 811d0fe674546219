using System.Net;
using Cri.Server.Logging;

namespace Cri.Server.Configuration;

/// <summary>The whole configuration of crispd: read once, checked, and never changed. docs/configuration.md describes every key.</summary>
public sealed record CrispConfiguration
{
    /// <summary>The directory of what is durable: images, layers, attachments.</summary>
    public string Root { get; init; } = "/var/lib/crisp";

    /// <summary>The directory of what lives until a reboot: sandboxes, containers, shims.</summary>
    public string State { get; init; } = "/run/crisp";

    /// <summary>The unix socket of the CRI services.</summary>
    public string Listen { get; init; } = "/run/crisp/crisp.sock";

    /// <summary>The least level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Info;

    /// <summary>The endpoint of exec, attach and port-forward.</summary>
    public StreamingConfiguration Streaming { get; init; } = new();

    /// <summary>The metrics page.</summary>
    public MetricsConfiguration Metrics { get; init; } = new();

    /// <summary>Registries.</summary>
    public RegistryConfiguration Registry { get; init; } = new();

    /// <summary>Pod networks.</summary>
    public CniConfiguration Cni { get; init; } = new();

    /// <summary>OCI runtimes.</summary>
    public RuntimesConfiguration Runtimes { get; init; } = new();

    /// <summary>The shim.</summary>
    public ShimConfiguration Shim { get; init; } = new();

    /// <summary>Who manages containers' cgroups.</summary>
    public CgroupDriver CgroupDriver { get; init; } = CgroupDriver.Auto;
}

/// <summary>Where exec, attach and port-forward are served.</summary>
public sealed record StreamingConfiguration
{
    /// <summary>The address to listen on.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, 0 to 65535; 0 takes a free one.</summary>
    public int Port { get; init; }
}

/// <summary>The metrics page.</summary>
public sealed record MetricsConfiguration
{
    /// <summary>Where it is served; null is off.</summary>
    public IPEndPoint? Address { get; init; }
}

/// <summary>Registries.</summary>
public sealed record RegistryConfiguration
{
    /// <summary>The directory of <c>HOST/hosts.toml</c> files.</summary>
    public string HostsDir { get; init; } = "/etc/crisp/certs.d";
}

/// <summary>Pod networks.</summary>
public sealed record CniConfiguration
{
    /// <summary>The directory of network configurations.</summary>
    public string ConfDir { get; init; } = "/etc/cni/net.d";

    /// <summary>The directories of plugins, in the order they are searched.</summary>
    public IReadOnlyList<string> BinDirs { get; init; } = ["/opt/cni/bin", "/usr/lib/cni"];

    /// <summary>The deadline of each plugin call.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>OCI runtimes.</summary>
public sealed record RuntimesConfiguration
{
    /// <summary>The default handler; null takes the first of crun and runc that works.</summary>
    public string? Default { get; init; }

    /// <summary>Handlers by name.</summary>
    public IReadOnlyDictionary<string, HandlerConfiguration> Handlers { get; init; } = new Dictionary<string, HandlerConfiguration>();
}

/// <summary>One handler that a RuntimeClass can name.</summary>
/// <param name="Path">The absolute path of its OCI runtime.</param>
public sealed record HandlerConfiguration(string Path);

/// <summary>The shim.</summary>
public sealed record ShimConfiguration
{
    /// <summary>The absolute path of crisp-shim; null looks next to crispd and then in PATH.</summary>
    public string? Path { get; init; }
}

/// <summary>Who manages containers' cgroups.</summary>
public enum CgroupDriver
{
    /// <summary>systemd when it is PID 1, else the file system.</summary>
    Auto,

    /// <summary>The OCI runtime, in the cgroup file system.</summary>
    Cgroupfs,

    /// <summary>systemd.</summary>
    Systemd,
}
