using Cri.Api.V1;
using Cri.Testing;
using Cri.Testing.Fuzz;
using Cri.Testing.Pods;
using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace Cri.Conformance;

/// <summary>
/// Every call of the CRI with fields of whatever values, to a server with real pods: each ends, none fails by what the server did not
/// foresee, and nothing is left.
/// </summary>
public sealed class RequestFuzzTests : IAsyncLifetime
{
    private const int Calls = 400;
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(5);

    private readonly TemporaryDirectory _host = new("requests");
    private CriEndpoint _cri = null!;
    private Random _random = null!;
    private RandomMessage _messages = null!;
    private TestPod _pod = null!;
    private TestContainer _container = null!;

    public async Task InitializeAsync()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CRI_ENDPOINT")))
        {
            return;
        }

        _cri = await CriEndpoint.StartAsync();
        await RenewAsync();
    }

    public async Task DisposeAsync()
    {
        if (_cri is not null)
        {
            await _cri.DisposeAsync();
        }

        _host.Dispose();
    }

    [CrispdFact]
    public async Task AnyCall_AnyFields_IsAnsweredAsForeseenAndLeavesNothing()
    {
        _random = new Random(FuzzRun.Seed);
        var calls = AllCalls();
        for (var number = 0; number < Calls * FuzzRun.Times; number++)
        {
            if (number % 40 == 0)
            {
                await RenewAsync();
            }

            var (name, call) = calls[_random.Next(calls.Count)];
            string? sent = null;
            try
            {
                using var cancellation = new CancellationTokenSource();
                await call(request => sent = request.ToString(), new CallOptions(Deadline: DateTime.UtcNow + _longest)).WaitAsync(2 * _longest, cancellation.Token);
            }
            catch (RpcException error)
            {
                Assert.True(IsForeseen(error), $"seed {FuzzRun.Seed}, call {number}: {name} {sent}: {error.Status}");
            }
            catch (TimeoutException)
            {
                Assert.Fail($"seed {FuzzRun.Seed}, call {number}: {name} {sent}: no answer");
            }
        }

        await _cri.RemovePodsAsync();
        foreach (var pod in (await _cri.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest())).Items)
        {
            await _cri.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = pod.Id });
            await _cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = pod.Id });
        }

        Assert.DoesNotContain("unexpected failure", _cri.Crispd!.Log);
        CgroupsOf(_cri.CgroupParent.Path);
        await _cri.Leaks.AssertNothingAsync();
    }

    // The OCI runtime, CRIU and the kernel refuse in words of their own what only they can judge.
    private static bool IsForeseen(RpcException error) => error.StatusCode switch
    {
        StatusCode.Internal => false,
        StatusCode.Unknown => error.Status.Detail.Contains("OCI runtime", StringComparison.Ordinal),
        StatusCode.DeadlineExceeded => error.Status.Detail.Contains("exec", StringComparison.Ordinal),
        _ => true,
    };

    private async Task RenewAsync()
    {
        if (_pod is not null)
        {
            await _cri.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = _pod.Id });
        }

        await _cri.Images.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = _cri.Busybox } });
        _pod = await TestPod.RunAsync(_cri);
        _container = await _pod.StartAsync(["sleep", "1000"], config => config.Stdin = true);
        _messages = new RandomMessage(_random ?? new Random(FuzzRun.Seed), Named(), Texts());
    }

    private string[] Texts() =>
    [
        "", "x", "..", "../../x", "/", "a/b", "\0", "a\nb", "\u001b[2J", "\u20ac\ud83d\ude00", "\ufffd", "%s%n", "{}", "$(id)", "; id", "-1", "99999999999999999999", "*", "localhost/x",
        "runtime/default", "CAP_SYS_ADMIN", "ALL", new string('x', 5000), "a=b", "=", ":", "true", _pod.Id, _pod.Id[..5], _container.Id, "sh", "sleep", "app", "rw",
    ];

    private Dictionary<string, string[]> Named()
    {
        string[] paths = [_host.Path, _host.Path + "/missing/deep", _host.Path + "/../" + Path.GetFileName(_host.Path), "relative", "", "/dev/null", "/dev/null/x", "/proc/self/\0", "\0"];
        string[] inside = ["/data", "/", "", "relative", "/../..", "/proc", "/dev", "/etc/hosts", "/a\0b", "/" + new string('d', 300), "/bin/busybox"];
        return new()
        {
            ["host_path"] = paths,
            ["container_path"] = inside,
            ["working_dir"] = inside,
            ["masked_paths"] = inside,
            ["readonly_paths"] = inside,
            ["log_directory"] = [_pod.Config.LogDirectory, "", "relative", _host.Path + "/logs", "/dev/null", "/\0"],
            ["log_path"] = ["c/0.log", "", "../x", "/x", "..", "\0", new string('l', 300), "a/b/c/d.log"],
            ["location"] = ["", "relative", "/dev/null/x", "/\0"],
            ["cgroup_parent"] = [_pod.Config.Linux.CgroupParent, _cri.CgroupParent.OfPod("fuzz"), "relative", "/../x", "a:b.slice", "/\0"],
            ["localhost_ref"] = ["", "/dev/zero", _host.Path, "relative", "/\0", "crisp-default"],
            ["seccomp_profile_path"] = ["", "localhost//dev/zero", "localhost/", "runtime/default", "unconfined", "x"],
            ["sysctls"] = ["net.ipv4.ip_unprivileged_port_start", "0", "../../x", "kernel.shmmax", "", "\0", "net/ipv4/../x"],
            ["image"] = [_cri.Busybox, _cri.Registry.Host + "/missing:v1", "", "..", "UPPER", "localhost:1/refused:v1", "sha256:abc", "\0", _cri.Busybox + "@sha256:x"],
            ["user_specified_image"] = ["", _cri.Busybox],
            ["runtime_handler"] = ["", "runc", "../runc", "missing", "\0"],
            ["pod_cidr"] = ["", "10.1.0.0/16", "x"],
            ["host_ip"] = ["", "127.0.0.1", "x", "::1"],
            ["command"] = ["sh", "sleep", "1000", "true", "-c", "", "\0", "/missing", new string('x', 5000)],
            ["cmd"] = ["true", "sh", "", "\0", "/missing", "-c"],
            ["server_address"] = ["", _cri.Registry.Host, "https://x", "\0"],
            ["pod_sandbox_id"] = [_pod.Id, _pod.Id[..8], "", "x", "../x", _container.Id],
            ["container_id"] = [_container.Id, _container.Id[..8], "", "x", "../x", _pod.Id],
            ["target_id"] = [_container.Id, "", "x"],
        };
    }

    // The pods made here are removed over the list; their cgroups are the kubelet's to remove, and here the test's.
    private static void CgroupsOf(string parent)
    {
        foreach (var directory in Testing.Cgroups.CgroupTree.Hierarchies().Select(hierarchy => hierarchy + parent).Where(Directory.Exists))
        {
            foreach (var inner in Directory.EnumerateDirectories(directory, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length))
            {
                try
                {
                    Directory.Delete(inner);
                }
                catch (IOException)
                {
                    // In use: for the leak check.
                }
            }
        }
    }

    private delegate Task Call(Action<IMessage> sent, CallOptions options);

    private List<(string Name, Call Call)> AllCalls()
    {
        var (runtime, images) = (_cri.Runtime, _cri.Images);
        return
        [
            Of("Version", () => new VersionRequest { Version = "0.1.0" }, (r, o) => runtime.VersionAsync(r, o).ResponseAsync),
            Of("RunPodSandbox", () => new RunPodSandboxRequest { Config = TestPod.NewConfig(_cri) }, (r, o) => runtime.RunPodSandboxAsync(r, o).ResponseAsync),
            Of("StopPodSandbox", () => new StopPodSandboxRequest { PodSandboxId = _pod.Id }, (r, o) => runtime.StopPodSandboxAsync(r, o).ResponseAsync),
            Of("RemovePodSandbox", () => new RemovePodSandboxRequest { PodSandboxId = "x" }, (r, o) => runtime.RemovePodSandboxAsync(r, o).ResponseAsync),
            Of("PodSandboxStatus", () => new PodSandboxStatusRequest { PodSandboxId = _pod.Id, Verbose = true }, (r, o) => runtime.PodSandboxStatusAsync(r, o).ResponseAsync),
            Of("ListPodSandbox", () => new ListPodSandboxRequest { Filter = new PodSandboxFilter { Id = _pod.Id } }, (r, o) => runtime.ListPodSandboxAsync(r, o).ResponseAsync),
            Of("StreamPodSandboxes", () => new StreamPodSandboxesRequest(), (r, o) => DrainAsync(runtime.StreamPodSandboxes(r, o))),
            Of("CreateContainer", NewContainer, (r, o) => runtime.CreateContainerAsync(r, o).ResponseAsync),
            Of("CreateContainer, StartContainer", NewContainer, CreateAndStartAsync),
            Of("StartContainer", () => new StartContainerRequest { ContainerId = _container.Id }, (r, o) => runtime.StartContainerAsync(r, o).ResponseAsync),
            Of("StopContainer", () => new StopContainerRequest { ContainerId = _container.Id }, (r, o) => runtime.StopContainerAsync(r, o).ResponseAsync),
            Of("RemoveContainer", () => new RemoveContainerRequest { ContainerId = "x" }, (r, o) => runtime.RemoveContainerAsync(r, o).ResponseAsync),
            Of("ListContainers", () => new ListContainersRequest { Filter = new ContainerFilter { PodSandboxId = _pod.Id } }, (r, o) => runtime.ListContainersAsync(r, o).ResponseAsync),
            Of("StreamContainers", () => new StreamContainersRequest(), (r, o) => DrainAsync(runtime.StreamContainers(r, o))),
            Of("ContainerStatus", () => new ContainerStatusRequest { ContainerId = _container.Id, Verbose = true }, (r, o) => runtime.ContainerStatusAsync(r, o).ResponseAsync),
            Of("UpdateContainerResources", NewResources, (r, o) => runtime.UpdateContainerResourcesAsync(r, o).ResponseAsync),
            Of("ReopenContainerLog", () => new ReopenContainerLogRequest { ContainerId = _container.Id }, (r, o) => runtime.ReopenContainerLogAsync(r, o).ResponseAsync),
            Of("ExecSync", () => new ExecSyncRequest { ContainerId = _container.Id, Cmd = { "true" }, Timeout = 1 }, (r, o) => runtime.ExecSyncAsync(r, o).ResponseAsync),
            Of("Exec", () => new ExecRequest { ContainerId = _container.Id, Cmd = { "true" }, Stdout = true }, (r, o) => runtime.ExecAsync(r, o).ResponseAsync),
            Of("Attach", () => new AttachRequest { ContainerId = _container.Id, Stdout = true }, (r, o) => runtime.AttachAsync(r, o).ResponseAsync),
            Of("PortForward", () => new PortForwardRequest { PodSandboxId = _pod.Id, Port = { 80 } }, (r, o) => runtime.PortForwardAsync(r, o).ResponseAsync),
            Of("ContainerStats", () => new ContainerStatsRequest { ContainerId = _container.Id }, (r, o) => runtime.ContainerStatsAsync(r, o).ResponseAsync),
            Of("ListContainerStats", () => new ListContainerStatsRequest(), (r, o) => runtime.ListContainerStatsAsync(r, o).ResponseAsync),
            Of("StreamContainerStats", () => new StreamContainerStatsRequest(), (r, o) => DrainAsync(runtime.StreamContainerStats(r, o))),
            Of("PodSandboxStats", () => new PodSandboxStatsRequest { PodSandboxId = _pod.Id }, (r, o) => runtime.PodSandboxStatsAsync(r, o).ResponseAsync),
            Of("ListPodSandboxStats", () => new ListPodSandboxStatsRequest(), (r, o) => runtime.ListPodSandboxStatsAsync(r, o).ResponseAsync),
            Of("StreamPodSandboxStats", () => new StreamPodSandboxStatsRequest(), (r, o) => DrainAsync(runtime.StreamPodSandboxStats(r, o))),
            Of("UpdateRuntimeConfig", () => new UpdateRuntimeConfigRequest { RuntimeConfig = new RuntimeConfig { NetworkConfig = new NetworkConfig { PodCidr = "10.1.0.0/16" } } }, (r, o) => runtime.UpdateRuntimeConfigAsync(r, o).ResponseAsync),
            Of("Status", () => new StatusRequest { Verbose = true }, (r, o) => runtime.StatusAsync(r, o).ResponseAsync),
            Of("CheckpointContainer", () => new CheckpointContainerRequest { ContainerId = "x", Location = "/dev/null/x" }, (r, o) => runtime.CheckpointContainerAsync(r, o).ResponseAsync),
            Of("ListMetricDescriptors", () => new ListMetricDescriptorsRequest(), (r, o) => runtime.ListMetricDescriptorsAsync(r, o).ResponseAsync),
            Of("ListPodSandboxMetrics", () => new ListPodSandboxMetricsRequest(), (r, o) => runtime.ListPodSandboxMetricsAsync(r, o).ResponseAsync),
            Of("StreamPodSandboxMetrics", () => new StreamPodSandboxMetricsRequest(), (r, o) => DrainAsync(runtime.StreamPodSandboxMetrics(r, o))),
            Of("RuntimeConfig", () => new RuntimeConfigRequest(), (r, o) => runtime.RuntimeConfigAsync(r, o).ResponseAsync),
            Of("UpdatePodSandboxResources", () => new UpdatePodSandboxResourcesRequest { PodSandboxId = _pod.Id }, (r, o) => runtime.UpdatePodSandboxResourcesAsync(r, o).ResponseAsync),
            Of("ListImages", () => new ListImagesRequest { Filter = new ImageFilter { Image = new ImageSpec { Image = _cri.Busybox } } }, (r, o) => images.ListImagesAsync(r, o).ResponseAsync),
            Of("StreamImages", () => new StreamImagesRequest(), (r, o) => DrainAsync(images.StreamImages(r, o))),
            Of("ImageStatus", () => new ImageStatusRequest { Image = new ImageSpec { Image = _cri.Busybox }, Verbose = true }, (r, o) => images.ImageStatusAsync(r, o).ResponseAsync),
            Of("PullImage", () => new PullImageRequest { Image = new ImageSpec { Image = _cri.Busybox }, Auth = new AuthConfig { Username = "u", Password = "p" } }, (r, o) => images.PullImageAsync(r, o).ResponseAsync),
            Of("RemoveImage", () => new RemoveImageRequest { Image = new ImageSpec { Image = "x" } }, (r, o) => images.RemoveImageAsync(r, o).ResponseAsync),
            Of("ImageFsInfo", () => new ImageFsInfoRequest(), (r, o) => images.ImageFsInfoAsync(r, o).ResponseAsync),
        ];
    }

    private (string, Call) Of<T>(string name, Func<T> valid, Func<T, CallOptions, Task> call)
        where T : IMessage<T>, new() =>
        (name, (sent, options) =>
        {
            var request = _random.Next(4) == 0 ? _messages.Next<T>() : _messages.Changed(valid());
            sent(request);
            return call(request, options);
        }
    );

    private CreateContainerRequest NewContainer() => new()
    {
        PodSandboxId = _pod.Id,
        SandboxConfig = _pod.Config,
        Config = _pod.NewContainer(["sleep", "1000"], config =>
        {
            config.Metadata.Attempt = (uint)_random.Next();
            config.Mounts.Add(new Mount { HostPath = _host.Path, ContainerPath = "/data" });
            config.Devices.Add(new Device { HostPath = "/dev/null", ContainerPath = "/dev/nothing", Permissions = "rw" });
            config.Envs.Add(new KeyValue { Key = "A", Value = "b" });
            config.Linux.Resources = new LinuxContainerResources { MemoryLimitInBytes = 64 << 20, CpuShares = 100 };
        }),
    };

    private UpdateContainerResourcesRequest NewResources() => new()
    {
        ContainerId = _container.Id,
        Linux = new LinuxContainerResources { MemoryLimitInBytes = 64 << 20, CpuShares = 100, CpuPeriod = 100_000, CpuQuota = 50_000 },
    };

    private async Task CreateAndStartAsync(CreateContainerRequest request, CallOptions options)
    {
        var created = await _cri.Runtime.CreateContainerAsync(request, options);
        await _cri.Runtime.StartContainerAsync(new StartContainerRequest { ContainerId = created.ContainerId }, options);
        var status = await _cri.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = created.ContainerId, Verbose = true }, options);
        Assert.Equal(created.ContainerId, status.Status.Id);
    }

    private static async Task DrainAsync<T>(AsyncServerStreamingCall<T> call)
    {
        using (call)
        {
            for (var more = true; more;)
            {
                more = await call.ResponseStream.MoveNext(CancellationToken.None);
            }
        }
    }
}
