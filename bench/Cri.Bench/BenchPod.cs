using System.Text.Json;

namespace Cri.Bench;

/// <summary>A pod of the bench, with containers that do what a scenario needs.</summary>
public sealed class BenchPod
{
    // More than an exec may take: a runtime that keeps to it answers before that.
    private const int ExecSeconds = 60;
    private static readonly TimeSpan _execPatience = TimeSpan.FromSeconds(90);
    private static readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private static int _count;
    private readonly BenchOptions _options;
    private int _attempt;

    private BenchPod(Endpoint endpoint, BenchOptions options)
    {
        Endpoint = endpoint;
        _options = options;
        var uid = Guid.NewGuid().ToString();
        Config = new V1.PodSandboxConfig
        {
            Metadata = new V1.PodSandboxMetadata { Name = $"bench-{_run}-{Interlocked.Increment(ref _count)}", Namespace = "bench", Uid = uid },
            LogDirectory = Path.Join(options.LogDirectory, uid),
            Linux = new V1.LinuxPodSandboxConfig
            {
                CgroupParent = $"{endpoint.PodsCgroup}/pod{uid}",
                SecurityContext = new V1.LinuxSandboxSecurityContext { NamespaceOptions = Namespaces() },
            },
        };
        Directory.CreateDirectory(Config.LogDirectory);
    }

    /// <summary>Where it runs.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>What it was asked to be.</summary>
    public V1.PodSandboxConfig Config { get; }

    /// <summary>Its id once it runs.</summary>
    public string Id { get; private set; } = "";

    /// <summary>A pod that is still to be run.</summary>
    public static BenchPod New(Endpoint endpoint, BenchOptions options) => new(endpoint, options);

    /// <summary>RunPodSandbox.</summary>
    public async Task<BenchPod> RunAsync()
    {
        Id = (await Endpoint.Runtime.RunPodSandboxAsync(new V1.RunPodSandboxRequest { Config = Config })).PodSandboxId;
        return this;
    }

    /// <summary>CreateContainer; returns its id. It sleeps unless told otherwise.</summary>
    public async Task<string> CreateAsync(params string[] command)
    {
        var attempt = (uint)Interlocked.Increment(ref _attempt);
        var config = new V1.ContainerConfig
        {
            Metadata = new V1.ContainerMetadata { Name = "main", Attempt = attempt },
            Image = new V1.ImageSpec { Image = _options.Image },
            Command = { command.Length > 0 ? command : ["sleep", "1000000"] },
            LogPath = LogName(attempt),
            Linux = new V1.LinuxContainerConfig
            {
                SecurityContext = new V1.LinuxContainerSecurityContext { NamespaceOptions = Namespaces() },
            },
        };
        var request = new V1.CreateContainerRequest { PodSandboxId = Id, SandboxConfig = Config, Config = config };
        return (await Endpoint.Runtime.CreateContainerAsync(request)).ContainerId;
    }

    /// <summary>StartContainer.</summary>
    public async Task<string> StartAsync(string container)
    {
        await Endpoint.Runtime.StartContainerAsync(new V1.StartContainerRequest { ContainerId = container });
        return container;
    }

    /// <summary>The log of the container that was created last.</summary>
    public string LastLog => Path.Join(Config.LogDirectory, LogName((uint)_attempt));

    /// <summary>ExecSync of a program that does nothing. Fails when there is no answer within 90 seconds.</summary>
    public async Task<V1.ExecSyncResponse> ExecAsync(string container) => await Endpoint.Runtime.ExecSyncAsync(
        new V1.ExecSyncRequest { ContainerId = container, Cmd = { "true" }, Timeout = ExecSeconds }, deadline: DateTime.UtcNow + _execPatience);

    /// <summary>The process id of a container's first process, which both Crisp and containerd tell.</summary>
    public static async Task<int> PidAsync(Endpoint endpoint, string container)
    {
        var status = await endpoint.Runtime.ContainerStatusAsync(new V1.ContainerStatusRequest { ContainerId = container, Verbose = true });
        using var info = JsonDocument.Parse(status.Info["info"]);
        return info.RootElement.GetProperty("pid").GetInt32();
    }

    /// <summary>StopPodSandbox.</summary>
    public async Task<BenchPod> StopAsync()
    {
        await Endpoint.Runtime.StopPodSandboxAsync(new V1.StopPodSandboxRequest { PodSandboxId = Id });
        return this;
    }

    /// <summary>RemovePodSandbox, and the log directory.</summary>
    public async Task<BenchPod> RemoveAsync()
    {
        await Endpoint.Runtime.RemovePodSandboxAsync(new V1.RemovePodSandboxRequest { PodSandboxId = Id });
        Directory.Delete(Config.LogDirectory, recursive: true);
        return this;
    }

    private static string LogName(uint attempt) => $"{attempt}.log";

    private V1.NamespaceOption Namespaces() => new()
    {
        Network = _options.HostNetwork ? V1.NamespaceMode.Node : V1.NamespaceMode.Pod,
        Pid = V1.NamespaceMode.Container,
    };
}
