using System.Net;
using Cri.ImageService;
using Cri.ImageService.Layers;
using Cri.ImageService.Signatures;
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

    /// <summary>Where traces are sent.</summary>
    public TracingConfiguration Tracing { get; init; } = new();

    /// <summary>Registries.</summary>
    public RegistryConfiguration Registry { get; init; } = new();

    /// <summary>Images.</summary>
    public ImagesConfiguration Images { get; init; } = new();

    /// <summary>Pod networks.</summary>
    public CniConfiguration Cni { get; init; } = new();

    /// <summary>OCI runtimes.</summary>
    public RuntimesConfiguration Runtimes { get; init; } = new();

    /// <summary>The shim.</summary>
    public ShimConfiguration Shim { get; init; } = new();

    /// <summary>The comparison of what is recorded with what exists.</summary>
    public ReconcileConfiguration Reconcile { get; init; } = new();

    /// <summary>Whether containers may be created from checkpoints.</summary>
    public CheckpointRestore CheckpointRestore { get; init; }

    /// <summary>Who manages containers' cgroups.</summary>
    public CgroupDriver CgroupDriver { get; init; } = CgroupDriver.Auto;

    /// <summary>Whether pods get SELinux labels.</summary>
    public SelinuxMode Selinux { get; init; } = SelinuxMode.Auto;

    /// <summary>Devices of the Container Device Interface.</summary>
    public CdiConfiguration Cdi { get; init; } = new();
}

/// <summary>Where the traces of calls are sent.</summary>
public sealed record TracingConfiguration
{
    /// <summary>The whole URL of the collector that takes them; null keeps them here.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>How it is spoken to.</summary>
    public TraceProtocol Protocol { get; init; } = TraceProtocol.Http;

    /// <summary>Of a million calls that nobody else traces, how many are sent: 0 to 1,000,000.</summary>
    public int SamplesPerMillion { get; init; } = 1_000_000;
}

/// <summary>The transports of the OpenTelemetry protocol.</summary>
public enum TraceProtocol
{
    /// <summary>Protobuf in HTTP POST requests.</summary>
    Http,

    /// <summary>gRPC.</summary>
    Grpc,
}

/// <summary>Where exec, attach and port-forward are served.</summary>
public sealed record StreamingConfiguration
{
    /// <summary>The address to listen on.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, 0 to 65535; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The host name or address in the URLs; null is what is listened on, or the node's address when that is a wildcard.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>How long a connection may be silent.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(4);

    /// <summary>The certificate; null serves without TLS.</summary>
    public TlsConfiguration? Tls { get; init; }
}

/// <summary>A certificate of the server.</summary>
/// <param name="Cert">The absolute path of a PEM file of the certificate and its issuers.</param>
/// <param name="Key">The absolute path of a PEM file of its private key.</param>
public sealed record TlsConfiguration(string Cert, string Key);

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

    /// <summary>How long a transfer may stand still.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The fewest bytes a second that a transfer has to bring; 0 for any.</summary>
    public int MinBytesPerSecond { get; init; } = 1024;

    /// <summary>How often every host is asked for one thing before a pull fails.</summary>
    public int MaxAttempts { get; init; } = 5;
}

/// <summary>Images.</summary>
public sealed record ImagesConfiguration
{
    /// <summary>Which may be pulled, and which only when they are signed.</summary>
    public ImagePolicies Policies { get; init; } = ImagePolicies.AcceptAll;

    /// <summary>Which the kubelet and pruning must not remove.</summary>
    public IReadOnlyList<ImageNamePattern> Pinned { get; init; } = [];

    /// <summary>Whether compressed layers are kept beside the extracted ones.</summary>
    public bool KeepBlobs { get; init; }

    /// <summary>How many layers are fetched and extracted at once; null for as many as suit the machine.</summary>
    public int? MaxParallelLayers { get; init; }

    /// <summary>What a layer and an image may unpack to.</summary>
    public LayerLimits Limits { get; init; } = new();

    /// <summary>How many connections blobs are fetched over at once, in all; null for as many as suit the machine.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>How many of these go to one host; null for as many as suit the machine.</summary>
    public int? MaxConnectionsPerHost { get; init; }

    /// <summary>The size in MiB from which a blob may be fetched over several connections.</summary>
    public int RangeThresholdMiB { get; init; } = 32;

    /// <summary>The memory in MiB for what came before its turn; null for what suits the machine.</summary>
    public int? DownloadMemoryMiB { get; init; }
}

/// <summary>Pod networks.</summary>
public sealed record CniConfiguration
{
    /// <summary>The directory of network configurations.</summary>
    public string ConfDir { get; init; } = "/etc/cni/net.d";

    /// <summary>The directories of plugins, in the order they are searched.</summary>
    public IReadOnlyList<string> BinDirs { get; init; } = ["/opt/cni/bin", "/usr/lib/cni"];

    /// <summary>The template that the kubelet's pod CIDRs are filled into; null for none.</summary>
    public string? Template { get; init; }

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

    /// <summary>How long a command of an OCI runtime may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Who starts commands in running containers.</summary>
    public ExecStart Execs { get; init; } = ExecStart.Direct;
}

/// <summary>Who starts a command in a running container.</summary>
public enum ExecStart
{
    /// <summary>The shim, where that is known to come to the same, else the OCI runtime.</summary>
    Direct,

    /// <summary>The OCI runtime, always.</summary>
    Runtime,
}

/// <summary>One handler that a RuntimeClass can name.</summary>
/// <param name="Path">The absolute path of its OCI runtime.</param>
public sealed record HandlerConfiguration(string Path);

/// <summary>
/// Whether a container may be created from a checkpoint. A restored process has the user and the rights it was dumped with,
/// whatever its pod allows.
/// </summary>
public enum CheckpointRestore
{
    /// <summary>It may not.</summary>
    Disabled,

    /// <summary>It may.</summary>
    Enabled,
}

/// <summary>The shim.</summary>
public sealed record ShimConfiguration
{
    /// <summary>The absolute path of crisp-shim; null looks next to crispd and then in PATH.</summary>
    public string? Path { get; init; }
}

/// <summary>The comparison of what is recorded with what exists.</summary>
public sealed record ReconcileConfiguration
{
    /// <summary>The time from one to the next; zero compares at the start only.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);
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

/// <summary>Whether pods get SELinux labels.</summary>
public enum SelinuxMode
{
    /// <summary>Where the kernel has SELinux enabled.</summary>
    Auto,

    /// <summary>Yes; crispd does not start without SELinux.</summary>
    Enabled,

    /// <summary>No.</summary>
    Disabled,
}

/// <summary>Devices of the Container Device Interface.</summary>
public sealed record CdiConfiguration
{
    /// <summary>The directories of CDI files; a device in a later one hides that of an earlier one.</summary>
    public IReadOnlyList<string> SpecDirs { get; init; } = ["/etc/cdi", "/var/run/cdi"];
}
