using System.Net;
using System.Net.Sockets;
using Cri.Api.V1;
using Cri.Streaming;
using Google.Protobuf;
using Grpc.Core;
using PortForwardRequest = Cri.Api.V1.PortForwardRequest;

namespace Cri.Cli.Tests;

/// <summary>
/// Pods and containers in memory. A started container writes its arguments to its log and exits with the code that its
/// first argument "exit N" says; with "sleep" it runs until it is stopped.
/// </summary>
internal sealed class FakeRuntime(StreamingServer streaming) : RuntimeService.RuntimeServiceBase
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodSandboxConfig> _pods = [];
    private readonly Dictionary<string, (string PodId, ContainerConfig Config, ContainerStatus Status)> _containers = [];

    public List<string> Calls { get; } = [];

    /// <summary>Completes when somebody has asked for a container's status.</summary>
    public TaskCompletionSource StatusAsked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PodSandboxConfig? LastPod { get; private set; }

    public ContainerConfig? LastContainer { get; private set; }

    public override Task<VersionResponse> Version(VersionRequest request, ServerCallContext context) => Task.FromResult(
        new VersionResponse { Version = "0.1.0", RuntimeName = "fake", RuntimeVersion = "1.2.3", RuntimeApiVersion = "v1" });

    public override Task<StatusResponse> Status(StatusRequest request, ServerCallContext context) => Task.FromResult(new StatusResponse
    {
        Status = new RuntimeStatus
        {
            Conditions =
            {
                new RuntimeCondition { Type = "RuntimeReady", Status = true },
                new RuntimeCondition { Type = "NetworkReady", Reason = "NoNetwork", Message = "no CNI configuration" },
            },
        },
        RuntimeHandlers = { new RuntimeHandler { Name = "runc" } },
        Info = { ["config"] = "{}" },
    });

    public override Task<RunPodSandboxResponse> RunPodSandbox(RunPodSandboxRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add("RunPodSandbox");
            LastPod = request.Config;
            var id = $"{_pods.Count:x}".PadLeft(16, 'a');
            _pods[id] = request.Config;
            return Task.FromResult(new RunPodSandboxResponse { PodSandboxId = id });
        }
    }

    public override Task<StopPodSandboxResponse> StopPodSandbox(StopPodSandboxRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add("StopPodSandbox");
            return Task.FromResult(new StopPodSandboxResponse());
        }
    }

    public override Task<RemovePodSandboxResponse> RemovePodSandbox(RemovePodSandboxRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add("RemovePodSandbox");
            _pods.Remove(request.PodSandboxId);
            _containers.Where(entry => entry.Value.PodId == request.PodSandboxId).ToList().ForEach(entry => _containers.Remove(entry.Key));
            return Task.FromResult(new RemovePodSandboxResponse());
        }
    }

    public override Task<ListPodSandboxResponse> ListPodSandbox(ListPodSandboxRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            var pods = _pods.Select(entry => new PodSandbox
            {
                Id = entry.Key,
                Metadata = entry.Value.Metadata,
                Annotations = { entry.Value.Annotations },
                CreatedAt = 1,
            });
            return Task.FromResult(new ListPodSandboxResponse { Items = { pods } });
        }
    }

    public override Task<PodSandboxStatusResponse> PodSandboxStatus(PodSandboxStatusRequest request, ServerCallContext context)
    {
        var status = new PodSandboxStatus { Id = request.PodSandboxId, Network = new PodSandboxNetworkStatus { Ip = "10.1.2.3" } };
        return Task.FromResult(new PodSandboxStatusResponse { Status = status });
    }

    public override Task<CreateContainerResponse> CreateContainer(CreateContainerRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add("CreateContainer");
            LastContainer = request.Config;
            if (request.Config.Args is ["fail-create", ..])
            {
                throw new RpcException(new global::Grpc.Core.Status(StatusCode.InvalidArgument, "mount /nope: no such directory"));
            }

            var id = $"{_containers.Count:x}".PadLeft(16, 'c');
            _containers[id] = (request.PodSandboxId, request.Config, new ContainerStatus
            {
                Id = id,
                Metadata = request.Config.Metadata,
                Image = request.Config.Image,
                LogPath = Path.Combine(request.SandboxConfig.LogDirectory, request.Config.LogPath),
            });
            return Task.FromResult(new CreateContainerResponse { ContainerId = id });
        }
    }

    public override Task<StartContainerResponse> StartContainer(StartContainerRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add("StartContainer");
            var (_, config, status) = _containers[request.ContainerId];
            File.WriteAllText(
                status.LogPath,
                $"2026-01-02T03:04:05Z stdout P hello \n2026-01-02T03:04:05Z stdout F {string.Join(' ', config.Args)}\n2026-01-02T03:04:05Z stderr F oops\n");
            status.State = config.Args is ["sleep", ..] ? ContainerState.ContainerRunning : ContainerState.ContainerExited;
            status.ExitCode = config.Args is ["exit", var code, ..] ? int.Parse(code) : 0;
            return Task.FromResult(new StartContainerResponse());
        }
    }

    public override Task<StopContainerResponse> StopContainer(StopContainerRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add($"StopContainer {request.Timeout}");
            var status = _containers[request.ContainerId].Status;
            status.State = ContainerState.ContainerExited;
            status.ExitCode = 143;
            return Task.FromResult(new StopContainerResponse());
        }
    }

    public override Task<UpdateContainerResourcesResponse> UpdateContainerResources(
        UpdateContainerResourcesRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add($"UpdateContainerResources {request.ContainerId} {request.Linux}");
            return Task.FromResult(new UpdateContainerResourcesResponse());
        }
    }

    public override Task<RemoveContainerResponse> RemoveContainer(RemoveContainerRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add("RemoveContainer");
            _containers.Remove(request.ContainerId);
            return Task.FromResult(new RemoveContainerResponse());
        }
    }

    public override Task<ListContainersResponse> ListContainers(ListContainersRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            var containers =
                from entry in _containers
                where request.Filter?.State is null || entry.Value.Status.State == request.Filter.State.State
                select new Container
                {
                    Id = entry.Key,
                    PodSandboxId = entry.Value.PodId,
                    Metadata = entry.Value.Config.Metadata,
                    Image = entry.Value.Config.Image,
                    State = entry.Value.Status.State,
                    CreatedAt = 1,
                };
            return Task.FromResult(new ListContainersResponse { Containers = { containers } });
        }
    }

    public override Task<ContainerStatusResponse> ContainerStatus(ContainerStatusRequest request, ServerCallContext context)
    {
        StatusAsked.TrySetResult();
        lock (_lock)
        {
            return Task.FromResult(new ContainerStatusResponse { Status = _containers[request.ContainerId].Status.Clone() });
        }
    }

    public override Task<ExecSyncResponse> ExecSync(ExecSyncRequest request, ServerCallContext context) => Task.FromResult(new ExecSyncResponse
    {
        Stdout = ByteString.CopyFromUtf8(string.Join('|', request.Cmd) + "\n"),
        Stderr = ByteString.CopyFromUtf8("warned\n"),
        ExitCode = 7,
    });

    // "cat" gives its input back, "fail" cannot be started; any other command does what ExecSync does.
    public override Task<ExecResponse> Exec(ExecRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            Calls.Add($"Exec {request.ContainerId} stdin={request.Stdin} tty={request.Tty} stderr={request.Stderr}");
        }

        return Task.FromResult(new ExecResponse { Url = Terminal(TerminalVerb.Exec, request.Stdin, request.Stderr, request.Tty, RunAsync) });

        async Task<int> RunAsync(TerminalStreams streams, CancellationToken gone)
        {
            switch (request.Cmd[0])
            {
                case "cat":
                    await streams.Stdin!.CopyToAsync(streams.Stdout!, gone);
                    return 0;
                case "fail":
                    throw new StreamException("no such program");
                case "hang":
                    StatusAsked.TrySetResult();
                    await Task.Delay(Timeout.Infinite, gone);
                    return 0;
                default:
                    await streams.Stdout!.WriteAsync(ByteString.CopyFromUtf8(string.Join('|', request.Cmd) + "\n").Memory, gone);
                    await streams.Stderr!.WriteAsync("warned\n"u8.ToArray(), gone);
                    return 7;
            }
        }
    }

    public override Task<AttachResponse> Attach(AttachRequest request, ServerCallContext context) => Task.FromResult(new AttachResponse
    {
        Url = Terminal(TerminalVerb.Attach, request.Stdin, request.Stderr, request.Tty, async (streams, gone) =>
        {
            await streams.Stdout!.WriteAsync("attached "u8.ToArray(), gone);
            await (streams.Stdin?.CopyToAsync(streams.Stdout, gone) ?? Task.CompletedTask);
            return 0;
        }),
    });

    // The pod's ports are the machine's own.
    public override Task<PortForwardResponse> PortForward(PortForwardRequest request, ServerCallContext context)
    {
        var url = streaming.Register(new global::Cri.Streaming.PortForwardRequest([.. request.Port], async (port, cancelled) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port, cancelled);
            return socket;
        }));
        return Task.FromResult(new PortForwardResponse { Url = url.AbsoluteUri });
    }

    public override Task<ListContainerStatsResponse> ListContainerStats(ListContainerStatsRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            var stats = _containers.Select(entry => new ContainerStats
            {
                Attributes = new ContainerAttributes { Id = entry.Key, Metadata = entry.Value.Config.Metadata },
                Memory = new MemoryUsage { WorkingSetBytes = new UInt64Value { Value = 12_300_000 } },
            });
            return Task.FromResult(new ListContainerStatsResponse { Stats = { stats } });
        }
    }

    public override Task<ListPodSandboxStatsResponse> ListPodSandboxStats(ListPodSandboxStatsRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            var stats = _pods.Select(entry => new PodSandboxStats
            {
                Attributes = new PodSandboxAttributes { Id = entry.Key, Metadata = entry.Value.Metadata },
                Linux = new LinuxPodSandboxStats
                {
                    Memory = new MemoryUsage { WorkingSetBytes = new UInt64Value { Value = 45_600_000 } },
                    Process = new ProcessUsage { ProcessCount = new UInt64Value { Value = 7 } },
                    Network = new NetworkUsage
                    {
                        Interfaces =
                        {
                            new NetworkInterfaceUsage { Name = "eth0", RxBytes = new UInt64Value { Value = 2000 }, TxBytes = new UInt64Value { Value = 5 } },
                        },
                    },
                },
            });
            return Task.FromResult(new ListPodSandboxStatsResponse { Stats = { stats } });
        }
    }

    public override async Task GetContainerEvents(
        GetEventsRequest request, IServerStreamWriter<ContainerEventResponse> responseStream, ServerCallContext context)
    {
        var pod = new PodSandboxStatus { Id = "p1", Metadata = new PodSandboxMetadata { Namespace = "default", Name = "web" } };
        var container = new ContainerStatus { Id = "c1", Metadata = new ContainerMetadata { Name = "nginx" }, ExitCode = 3, Reason = "Error" };
        await responseStream.WriteAsync(
            new ContainerEventResponse { ContainerId = "p1", CreatedAt = 1_000_000_000, PodSandboxStatus = pod });
        await responseStream.WriteAsync(new ContainerEventResponse
        {
            ContainerId = "c1",
            CreatedAt = 2_000_000_000,
            ContainerEventType = ContainerEventType.ContainerStoppedEvent,
            PodSandboxStatus = pod,
            ContainersStatuses = { container },
        });
    }

    public override Task<ListMetricDescriptorsResponse> ListMetricDescriptors(ListMetricDescriptorsRequest request, ServerCallContext context) =>
        Task.FromResult(new ListMetricDescriptorsResponse
        {
            Descriptors =
            {
                new MetricDescriptor { Name = "unused", Help = "Nothing.", LabelKeys = { "id" } },
                new MetricDescriptor { Name = "bytes", Help = "Bytes.", LabelKeys = { "id", "device" } },
            },
        });

    public override Task<ListPodSandboxMetricsResponse> ListPodSandboxMetrics(ListPodSandboxMetricsRequest request, ServerCallContext context)
    {
        var sample = new Metric { Name = "bytes", MetricType = MetricType.Gauge, LabelValues = { "c1", "a\"b" }, Value = new UInt64Value { Value = 7 } };
        return Task.FromResult(new ListPodSandboxMetricsResponse
        {
            PodMetrics = { new PodSandboxMetrics { ContainerMetrics = { new ContainerMetrics { Metrics = { sample } } } } },
        });
    }

    private string Terminal(TerminalVerb verb, bool stdin, bool stderr, bool tty, Func<TerminalStreams, CancellationToken, Task<int>> serve) =>
        streaming.Register(new TerminalRequest(verb, stdin, Stdout: true, stderr, tty, serve)).AbsoluteUri;
}
