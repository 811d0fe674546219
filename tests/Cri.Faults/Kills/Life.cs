using Cri.Api.V1;
using Cri.Testing.Cgroups;
using Cri.Testing.Pods;
using Grpc.Core;

namespace Cri.Faults.Kills;

/// <summary>
/// The life of a pod as a kubelet leads it, from the pull of an image to its removal. Each step can be done again after crispd has
/// died in it, with the same request.
/// </summary>
public sealed class Life(KillNode node)
{
    private const string Shout = "trap 'exit 3' TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done";
    private readonly PodSandboxConfig _config = TestPod.NewConfig(node.Cri, config =>
    {
        config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod;
        config.PortMappings.Add(new PortMapping { ContainerPort = 80, HostPort = 0 });
    });

    private TestPod _pod = null!;
    private TestContainer _main = null!;
    private TestContainer _job = null!;
    private TestContainer _last = null!;

    private CriEndpoint Cri => node.Cri;

    /// <summary>The steps in their order, up to the last that must succeed.</summary>
    public IReadOnlyList<Func<Task>> Steps =>
    [
        PullAsync,
        RunPodAsync,
        async () => _main = await CreateAsync("main", Shout),
        () => StartAsync(_main, next => _main = next, Shout),
        ExecAsync,
        UpdateAsync,
        ReopenAsync,
        CheckpointAsync,
        async () => _job = await CreateAsync("job", "sleep 0.2; exit 7"),
        () => StartAsync(_job, next => _job = next, "sleep 0.2; exit 7"),
        JobEndsAsync,
        StopMainAsync,
        () => RemoveAsync(_job),
        async () => _last = await CreateAsync("last", "sleep 1000"),
        () => StartAsync(_last, next => _last = next, "sleep 1000"),
        StopPodAsync,
        RemovePodAsync,
        RemoveImageAsync,
    ];

    /// <summary>Removes what the kubelet and not the runtime has made: cgroup and logs.</summary>
    public void RemoveTraces()
    {
        foreach (var cgroup in CgroupTree.Hierarchies().Select(hierarchy => hierarchy + _config.Linux.CgroupParent).Where(Directory.Exists))
        {
            try
            {
                Directory.Delete(cgroup);
            }
            catch (IOException)
            {
                // A hierarchy may be mounted twice. One in use is for the leak check.
            }
        }

        if (Directory.Exists(_config.LogDirectory))
        {
            Directory.Delete(_config.LogDirectory, recursive: true);
        }
    }

    private async Task PullAsync() => await Cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = node.Image } });

    private async Task RunPodAsync()
    {
        _pod = await TestPod.RunAsync(Cri, _config);
        Assert.Equal(PodSandboxState.SandboxReady, (await _pod.StatusAsync()).State);
        var filter = new PodSandboxFilter();
        filter.LabelSelector[TestPod.EndpointLabel] = Cri.LogDirectory;
        var pods = await Cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter });
        Assert.Single(pods.Items, pod => pod.Metadata.Equals(_config.Metadata));
    }

    private async Task<TestContainer> CreateAsync(string name, string script, uint attempt = 0)
    {
        var container = await _pod.CreateAsync(["sh", "-c", script], config =>
        {
            config.Metadata = new ContainerMetadata { Name = name, Attempt = attempt };
            config.LogPath = $"{name}/{attempt}.log";
            config.Linux.SecurityContext.NamespaceOptions.Pid = NamespaceMode.Pod;
            config.Mounts.Add(new Mount { ContainerPath = "/image", Image = new ImageSpec { Image = node.Image }, Readonly = true });
        });
        var all = await Cri.Runtime.ListContainersAsync(new ListContainersRequest { Filter = new ContainerFilter { PodSandboxId = _pod.Id } });
        Assert.Single(all.Containers, one => one.Metadata.Equals(container.Config.Metadata));
        return container;
    }

    // A start that was cut off has happened, has not, or has ended the container, as a kubelet then sees, which makes another.
    private async Task StartAsync(TestContainer container, Action<TestContainer> replace, string script)
    {
        var status = await container.StatusAsync();
        if (status.State == ContainerState.ContainerExited && status.ExitCode != 7)
        {
            Assert.Equal((137, "Error"), (status.ExitCode, status.Reason));
            var next = await CreateAsync(container.Config.Metadata.Name, script, container.Config.Metadata.Attempt + 1);
            replace(next);
            await container.RemoveAsync();
            await next.StartAsync();
        }
        else if (status.State == ContainerState.ContainerCreated)
        {
            await container.StartAsync();
        }
    }

    private async Task ExecAsync() => Assert.Equal("hello", await _main.ShellAsync("cat /image/hello"));

    private async Task UpdateAsync()
    {
        await Cri.Runtime.UpdateContainerResourcesAsync(new UpdateContainerResourcesRequest
        {
            ContainerId = _main.Id,
            Linux = new LinuxContainerResources { CpuShares = 222 },
        });
        Assert.Equal(222, (await _main.StatusAsync()).Resources.Linux.CpuShares);
    }

    private async Task ReopenAsync()
    {
        if (!File.Exists(_main.LogPath + ".1"))
        {
            await _main.LoggedAsync("1");
            File.Move(_main.LogPath, _main.LogPath + ".1");
        }

        await Cri.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = _main.Id });
        await Eventually.HoldsAsync(() => _main.Log.Count > 0, "the new log is written");
    }

    // There is no CRIU, so it fails; the container runs on.
    private async Task CheckpointAsync()
    {
        try
        {
            await Cri.Runtime.CheckpointContainerAsync(new CheckpointContainerRequest { ContainerId = _main.Id, Location = Cri.LogDirectory + "/checkpoint" });
            Assert.Fail("a checkpoint without CRIU succeeds");
        }
        catch (RpcException failed) when (failed.Status.Detail.StartsWith("checkpoint of container", StringComparison.Ordinal))
        {
            var lines = _main.Log.Count;
            await Eventually.HoldsAsync(() => _main.Log.Count > lines, "the container runs on after its checkpoint");
        }
    }

    private async Task JobEndsAsync()
    {
        var status = await _job.ExitAsync();
        Assert.Equal((7, "Error"), (status.ExitCode, status.Reason));
        Assert.InRange(status.FinishedAt, status.StartedAt, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000);
    }

    private async Task StopMainAsync()
    {
        await _main.StopAsync((int)Eventually.Patience.TotalSeconds);
        var status = await _main.StatusAsync();
        Assert.Equal((ContainerState.ContainerExited, 3), (status.State, status.ExitCode));
        var numbers = LogLine.ReadAll(_main.LogPath + ".1").Concat(_main.Log)
            .Select(line => int.Parse(line.Text, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(0, numbers.Count), numbers);
    }

    private static async Task RemoveAsync(TestContainer container)
    {
        await container.RemoveAsync();
        var gone = await Assert.ThrowsAsync<RpcException>(container.StatusAsync);
        if (gone.StatusCode != StatusCode.NotFound)
        {
            throw gone;
        }
    }

    private async Task StopPodAsync()
    {
        await _pod.StopAsync();
        Assert.Equal(PodSandboxState.SandboxNotready, (await _pod.StatusAsync()).State);
        Assert.Equal(137, (await _last.StatusAsync()).ExitCode);
    }

    private async Task RemovePodAsync()
    {
        await _pod.RemoveAsync();
        var gone = await Assert.ThrowsAsync<RpcException>(_pod.StatusAsync);
        if (gone.StatusCode != StatusCode.NotFound)
        {
            throw gone;
        }
    }

    private async Task RemoveImageAsync()
    {
        await Cri.Images.RemoveImageAsync(new RemoveImageRequest { Image = new ImageSpec { Image = node.Image } });
        var status = await Cri.Images.ImageStatusAsync(new ImageStatusRequest { Image = new ImageSpec { Image = node.Image } });
        Assert.Null(status.Image);
    }
}
