using Cri.Api.V1;
using Cri.Grpc;
using Cri.Testing.Cgroups;
using Cri.Testing.Crispd;
using Cri.Testing.Leaks;
using Cri.Testing.Registry;
using Grpc.Core;

namespace Cri.Testing.Pods;

/// <summary>
/// A CRI endpoint with a registry beside it: the socket that CRI_ENDPOINT names, or a crispd of its own when that is not set.
/// </summary>
public sealed class CriEndpoint : IAsyncDisposable
{
    private readonly TemporaryDirectory _logs = new("logs", "/var/tmp");
    private UnixChannel _channel;
    private int _disposed;

    private CriEndpoint(RegistryFixture registry, CrispdFixture? crispd, string socket)
    {
        Registry = registry;
        Crispd = crispd;
        CgroupParent = crispd?.CgroupParent ?? CgroupParent.For(Path.GetFileName(_logs.Path), NodeSettings.FromEnvironment);
        _channel = new UnixChannel(socket);
        Runtime = new RuntimeService.RuntimeServiceClient(_channel);
        Images = new ImageService.ImageServiceClient(_channel);
    }

    /// <summary>The runtime half of the CRI.</summary>
    public RuntimeService.RuntimeServiceClient Runtime { get; private set; }

    /// <summary>The image half of the CRI.</summary>
    public ImageService.ImageServiceClient Images { get; private set; }

    /// <summary>The endpoint's socket.</summary>
    public string SocketPath => _channel.SocketPath;

    /// <summary>The registry that the endpoint pulls test images from.</summary>
    public RegistryFixture Registry { get; }

    /// <summary>The crispd behind the endpoint; null when CRI_ENDPOINT names another runtime.</summary>
    public CrispdFixture? Crispd { get; }

    /// <summary>The parent cgroup for all pods here.</summary>
    public CgroupParent CgroupParent { get; }

    /// <summary>The reference of the busybox image, which is present.</summary>
    public string Busybox { get; private set; } = "";

    /// <summary>Below it every pod gets its log directory.</summary>
    public string LogDirectory => _logs.Path;

    /// <summary>What it still holds on the machine.</summary>
    public LeakCheck Leaks
    {
        get
        {
            var check = Crispd?.Leaks ?? new LeakCheck { Directories = [], CgroupParent = CgroupParent.Path };
            return check with { Directories = [.. check.Directories, _logs.Path] };
        }
    }

    /// <summary>Starts the registry and, unless CRI_ENDPOINT is set, a crispd; pulls busybox.</summary>
    public static async Task<CriEndpoint> StartAsync(NodeSettings? settings = null)
    {
        var registry = await RegistryFixture.StartAsync();
        var named = Environment.GetEnvironmentVariable("CRI_ENDPOINT");
        var crispd = string.IsNullOrEmpty(named) ? await CrispdFixture.StartAsync(registry.Host, settings) : null;
        var endpoint = new CriEndpoint(registry, crispd, crispd?.Socket ?? named!.Replace("unix://", "", StringComparison.Ordinal));
        try
        {
            endpoint.Busybox = await endpoint.PullAsync(new TestImage { Name = "busybox:latest" });
            return endpoint;
        }
        catch (RpcException e)
        {
            var log = crispd?.Log;
            await endpoint.DisposeAsync();
            throw new InvalidOperationException($"the first pull failed: {e.Status.Detail}\n{log}", e);
        }
    }

    /// <summary>Pushes an image to the registry and pulls it; returns its reference.</summary>
    public async Task<string> PullAsync(TestImage image)
    {
        var reference = await Registry.PushAsync(image);
        await Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = reference } });
        return reference;
    }

    /// <summary>Connects anew, as a client does when the server has been started again.</summary>
    public void Reconnect()
    {
        _channel.Dispose();
        _channel = new UnixChannel(_channel.SocketPath);
        Runtime = new RuntimeService.RuntimeServiceClient(_channel);
        Images = new ImageService.ImageServiceClient(_channel);
    }

    /// <summary>Stops and removes all pods whose log directory is below ours, whoever forgot them.</summary>
    public async Task RemovePodsAsync()
    {
        var selector = new PodSandboxFilter();
        selector.LabelSelector[TestPod.EndpointLabel] = LogDirectory;
        var pods = await Runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = selector });
        foreach (var pod in pods.Items)
        {
            await Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod.Id });
            await Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = pod.Id });
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        try
        {
            await RemovePodsAsync();
        }
        catch (RpcException) when (Crispd is not null)
        {
            // The server is gone; its fixture removes what is left.
        }

        _channel.Dispose();
        if (Crispd is { } crispd)
        {
            await crispd.DisposeAsync();
        }
        else
        {
            LeftoverRemoval.Run(Leaks);
        }

        await Registry.DisposeAsync();
        _logs.Dispose();
    }
}
