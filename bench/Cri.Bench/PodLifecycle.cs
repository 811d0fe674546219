using System.Diagnostics;
using Cri.Grpc;

namespace Cri.Bench;

/// <summary>One pod's life against one endpoint, each call timed.</summary>
public sealed class PodLifecycle : IDisposable
{
    private readonly UnixChannel _channel;
    private readonly V1.RuntimeService.RuntimeServiceClient _runtime;
    private readonly V1.ImageService.ImageServiceClient _images;
    private readonly BenchOptions _options;
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];

    /// <summary>Connects to the socket.</summary>
    public PodLifecycle(string name, string socket, BenchOptions options)
    {
        Name = name;
        _options = options;
        _channel = new UnixChannel(socket);
        _runtime = new V1.RuntimeService.RuntimeServiceClient(_channel);
        _images = new V1.ImageService.ImageServiceClient(_channel);
    }

    /// <summary>The endpoint's name.</summary>
    public string Name { get; }

    /// <summary>The times of each call in milliseconds, in the order of the rounds.</summary>
    public Dictionary<string, List<double>> Times { get; } = [];

    /// <summary>Pulls the image and runs one pod that is not counted.</summary>
    public async Task PrepareAsync()
    {
        await _images.PullImageAsync(new V1.PullImageRequest { Image = new V1.ImageSpec { Image = _options.Image } });
        await RunOnceAsync(-1);
        Times.Clear();
    }

    /// <summary>Runs one pod from start to removal.</summary>
    public async Task RunOnceAsync(int round)
    {
        var config = Pod(round);
        var total = Stopwatch.GetTimestamp();
        var pod = (await Timed("RunPodSandbox", () => _runtime.RunPodSandboxAsync(new V1.RunPodSandboxRequest { Config = config }).ResponseAsync)).PodSandboxId;
        var create = new V1.CreateContainerRequest { PodSandboxId = pod, SandboxConfig = config, Config = Container() };
        var container = (await Timed("CreateContainer", () => _runtime.CreateContainerAsync(create).ResponseAsync)).ContainerId;
        await Timed("StartContainer", () => _runtime.StartContainerAsync(new V1.StartContainerRequest { ContainerId = container }).ResponseAsync);
        Record("sandbox+create+start", total);
        await Timed("ExecSync true", () => _runtime.ExecSyncAsync(new V1.ExecSyncRequest { ContainerId = container, Cmd = { "true" } }).ResponseAsync);
        await Timed("StopPodSandbox", () => _runtime.StopPodSandboxAsync(new V1.StopPodSandboxRequest { PodSandboxId = pod }).ResponseAsync);
        await Timed("RemovePodSandbox", () => _runtime.RemovePodSandboxAsync(new V1.RemovePodSandboxRequest { PodSandboxId = pod }).ResponseAsync);
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private V1.PodSandboxConfig Pod(int round) => new()
    {
        Metadata = new V1.PodSandboxMetadata { Name = $"bench-{_run}-{round}", Namespace = "bench", Uid = Guid.NewGuid().ToString() },
        Linux = new V1.LinuxPodSandboxConfig
        {
            SecurityContext = new V1.LinuxSandboxSecurityContext
            {
                NamespaceOptions = new V1.NamespaceOption
                {
                    Network = _options.HostNetwork ? V1.NamespaceMode.Node : V1.NamespaceMode.Pod,
                    Pid = V1.NamespaceMode.Container,
                },
            },
        },
    };

    private V1.ContainerConfig Container() => new()
    {
        Metadata = new V1.ContainerMetadata { Name = "main" },
        Image = new V1.ImageSpec { Image = _options.Image },
        Command = { "sleep", "1000000" },
        Linux = new V1.LinuxContainerConfig
        {
            SecurityContext = new V1.LinuxContainerSecurityContext
            {
                NamespaceOptions = new V1.NamespaceOption { Pid = V1.NamespaceMode.Container },
            },
        },
    };

    private async Task<T> Timed<T>(string what, Func<Task<T>> call)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await call();
        Record(what, started);
        return result;
    }

    private void Record(string what, long started)
    {
        if (!Times.TryGetValue(what, out var list))
        {
            Times[what] = list = [];
        }

        list.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }
}
