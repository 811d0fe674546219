using System.Text.Json;
using Cri.Api.V1;
using Cri.Testing.Cgroups;
using Grpc.Core;

namespace Cri.Testing.Pods;

/// <summary>A pod of a test, with a name of its own. Dispose stops and removes it, and with it its containers and logs.</summary>
public sealed class TestPod : IAsyncDisposable
{
    /// <summary>The label that names the endpoint a pod was made through.</summary>
    public const string EndpointLabel = "crisp.test/endpoint";

    private int _containers;

    private TestPod(CriEndpoint endpoint, PodSandboxConfig config, string id)
    {
        Endpoint = endpoint;
        Config = config;
        Id = id;
    }

    /// <summary>Where it runs.</summary>
    public CriEndpoint Endpoint { get; }

    /// <summary>What it was asked to be.</summary>
    public PodSandboxConfig Config { get; }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>A configuration with a fresh name, which <paramref name="change"/> may alter.</summary>
    public static PodSandboxConfig NewConfig(CriEndpoint endpoint, Action<PodSandboxConfig>? change = null)
    {
        var uid = Guid.NewGuid().ToString();
        var name = $"pod-{uid[..8]}";
        var config = new PodSandboxConfig
        {
            Metadata = new PodSandboxMetadata { Name = name, Namespace = "test", Uid = uid },
            Hostname = name,
            LogDirectory = $"{endpoint.LogDirectory}/test_{name}_{uid}",
            Linux = new LinuxPodSandboxConfig
            {
                CgroupParent = endpoint.CgroupParent.OfPod(uid),
                SecurityContext = new LinuxSandboxSecurityContext { NamespaceOptions = new NamespaceOption { Pid = NamespaceMode.Container } },
            },
        };
        config.Labels[EndpointLabel] = endpoint.LogDirectory;
        change?.Invoke(config);
        return config;
    }

    /// <summary>Runs a pod sandbox. The kubelet makes the log directory, so it is made here too.</summary>
    public static async Task<TestPod> RunAsync(CriEndpoint endpoint, Action<PodSandboxConfig>? change = null)
    {
        return await RunAsync(endpoint, NewConfig(endpoint, change));
    }

    /// <summary>Runs the pod sandbox of a configuration, which may have been asked for before.</summary>
    public static async Task<TestPod> RunAsync(CriEndpoint endpoint, PodSandboxConfig config, string runtimeHandler = "")
    {
        Directory.CreateDirectory(config.LogDirectory);
        var response = await endpoint.Runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config, RuntimeHandler = runtimeHandler });
        return new TestPod(endpoint, config, response.PodSandboxId);
    }

    /// <summary>A container configuration with a fresh name, busybox and <paramref name="command"/>.</summary>
    public ContainerConfig NewContainer(IEnumerable<string> command, Action<ContainerConfig>? change = null)
    {
        var name = $"c{Interlocked.Increment(ref _containers)}";
        var config = new ContainerConfig
        {
            Metadata = new ContainerMetadata { Name = name },
            Image = new ImageSpec { Image = Endpoint.Busybox },
            LogPath = $"{name}/0.log",
            Linux = new LinuxContainerConfig
            {
                SecurityContext = new LinuxContainerSecurityContext { NamespaceOptions = new NamespaceOption { Pid = NamespaceMode.Container } },
            },
        };
        config.Command.Add(command);
        config.Labels[EndpointLabel] = Endpoint.LogDirectory;
        change?.Invoke(config);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Config.LogDirectory, config.LogPath))!);
        return config;
    }

    /// <summary>Creates a container without starting it.</summary>
    public async Task<TestContainer> CreateAsync(IEnumerable<string> command, Action<ContainerConfig>? change = null)
    {
        var config = NewContainer(command, change);
        var request = new CreateContainerRequest { PodSandboxId = Id, Config = config, SandboxConfig = Config };
        var response = await Endpoint.Runtime.CreateContainerAsync(request);
        return new TestContainer(this, config, response.ContainerId);
    }

    /// <summary>Creates and starts a container.</summary>
    public async Task<TestContainer> StartAsync(IEnumerable<string> command, Action<ContainerConfig>? change = null)
    {
        var container = await CreateAsync(command, change);
        await container.StartAsync();
        return container;
    }

    /// <summary>Creates and starts a container that runs a shell script.</summary>
    public Task<TestContainer> StartScriptAsync(string script, Action<ContainerConfig>? change = null) =>
        StartAsync(["sh", "-c", script], change);

    /// <summary>Runs a shell script in a container to its end; returns what it printed, without the last line's end.</summary>
    public async Task<string> OutputAsync(string script, Action<ContainerConfig>? change = null)
    {
        var container = await StartScriptAsync(script, change);
        await container.ExitAsync();
        return container.Output;
    }

    /// <summary>PodSandboxStatus.</summary>
    public async Task<PodSandboxStatus> StatusAsync() =>
        (await Endpoint.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = Id })).Status;

    /// <summary>The pid of its shim, which crispd tells.</summary>
    public async Task<int> ShimPidAsync()
    {
        var status = await Endpoint.Runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = Id, Verbose = true });
        using var info = JsonDocument.Parse(status.Info["info"]);
        return info.RootElement.GetProperty("shimPid").GetInt32();
    }

    /// <summary>StopPodSandbox.</summary>
    public async Task StopAsync() => await Endpoint.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = Id });

    /// <summary>RemovePodSandbox.</summary>
    public async Task RemoveAsync() => await Endpoint.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = Id });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Eventually.GetAsync(TryEndAsync, ended => ended, $"pod {Id} is stopped and removed");

        RemoveCgroup();
        if (Directory.Exists(Config.LogDirectory))
        {
            Directory.Delete(Config.LogDirectory, recursive: true);
        }
    }

    // As a kubelet does, which asks again when a stop took longer than the runtime's bound.
    private async Task<bool> TryEndAsync()
    {
        try
        {
            await StopAsync();
            await RemoveAsync();
            return true;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound)
        {
            // Some runtimes do not take the removal of a removed pod.
            return true;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.DeadlineExceeded)
        {
            return false;
        }
    }

    // The kubelet removes a pod's cgroup; one that still has a container's in it is left for the leak check.
    private void RemoveCgroup()
    {
        foreach (var cgroup in CgroupTree.Hierarchies().Select(hierarchy => hierarchy + Config.Linux.CgroupParent))
        {
            try
            {
                if (Directory.Exists(cgroup) && Directory.GetDirectories(cgroup).Length == 0)
                {
                    // The files in a cgroup are no obstacle to rmdir(2), but they are to a recursive removal.
                    Directory.Delete(cgroup);
                }
            }
            catch (IOException)
            {
                // A hierarchy may be mounted twice, and systemd removes a slice by itself. One in use is for the leak check.
            }
        }
    }
}
