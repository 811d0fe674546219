using System.Diagnostics;
using Cri.Grpc.Server;
using Cri.ImageService;
using Cri.Linux.Faults;
using Cri.RuntimeService;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Recovery;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Spec;
using Cri.RuntimeService.Stats;
using Cri.RuntimeService.Tracing;
using Cri.Server.Configuration;
using Cri.Server.Interception;
using Cri.Server.Logging;
using Cri.Server.Metrics;
using Cri.Server.Tracing;

namespace Cri.Server;

/// <summary>A running crispd: every object there is, wired from top to bottom.</summary>
public sealed class Node : IAsyncDisposable
{
    private static readonly TimeSpan _lockPatience = TimeSpan.FromSeconds(15);
    private readonly Stack<IAsyncDisposable> _parts = new();

    private Node()
    {
    }

    /// <summary>The version that the CRI reports.</summary>
    public static string Version { get; } = typeof(Node).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>
    /// Starts in this order: directories and lock, host and OCI runtime, images, network, streaming listener, runtime
    /// service, recovery, socket, reconciliation.
    /// Throws <see cref="StartException"/>.
    /// </summary>
    public static async Task<Node> StartAsync(CrispConfiguration configuration, Logger log)
    {
        var started = Stopwatch.GetTimestamp();
        var node = new Node();
        try
        {
            await node.WireAsync(configuration, log);
            log.Info("ready", ("socket", configuration.Listen), ("ms", Stopwatch.GetElapsedTime(started).TotalMilliseconds.ToString("0")));
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops serving; pods and containers go on.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }
    }

    private async Task WireAsync(CrispConfiguration configuration, Logger log)
    {
        var journal = new Journal(text => log.Info(text), text => log.Warn(text));

        // 1. Directories and lock.
        NodeDirectories.Create(configuration);
        Keep(await InstanceLock.TakeAsync(configuration.State, _lockPatience));
        var state = new StateLayout(configuration.State);
        FaultPoint.Reach(FaultPoints.RecoverLocked);

        // 2. Host and OCI runtimes.
        var host = HostFacts.Read();
        if (!host.MayLowerOomScore)
        {
            log.Warn("no OOM score below our own can be set: CAP_SYS_RESOURCE is missing", ("own", host.OwnOomScore.ToString()));
        }

        var cgroups = CgroupDriverChoice.Of(configuration.CgroupDriver);
        var runtimes = await ProbeRuntimesAsync(configuration, cgroups, log);

        // 3. Images.
        var images = ImageParts.Open(configuration, journal);
        Keep(images);
        FaultPoint.Reach(FaultPoints.RecoverImagesOpened);

        // 4. Network.
        var network = new CniNetwork(new CniOptions
        {
            ConfDir = configuration.Cni.ConfDir,
            BinDirs = configuration.Cni.BinDirs,
            CacheDir = Path.Combine(configuration.Root, "cni"),
            PluginTimeout = configuration.Cni.Timeout,
            Report = journal.Warn,
        });
        Keep(network);

        // 5. The listener of exec, attach and port-forward.
        var streaming = StreamingParts.Listen(configuration.Streaming, log);
        _parts.Push(streaming);

        // 6. Runtime service and recovery.
        var runtime = RuntimeParts.Wire(configuration, state, host, cgroups, runtimes, images, network, streaming, journal);
        _parts.Push(runtime.Retries);
        await runtime.Recovery.RunAsync();
        await images.Snapshots.SweepAsync(runtime.Ownership.Now().Ids);
        FaultPoint.Reach(FaultPoints.RecoverSnapshotsSwept);

        FaultPoint.Reach(FaultPoints.RecoverReady);

        // 7. Metrics page and socket.
        await ServeAsync(configuration, runtime, images, log);

        // 8. What nobody owns.
        _parts.Push(runtime.Reconciler);
        runtime.Reconciler.Begin(configuration.Reconcile.Interval);
        Keep(new IdleTrim());
    }

    private static async Task<OciRuntimes> ProbeRuntimesAsync(CrispConfiguration configuration, RuntimeService.Spec.CgroupDriver cgroups, Logger log)
    {
        try
        {
            var runtimes = await OciRuntimes.ProbeAsync(
                new OciRuntimesOptions
                {
                    StateDirectory = configuration.State,
                    Handlers = configuration.Runtimes.Handlers.ToDictionary(handler => handler.Key, handler => handler.Value.Path),
                    Default = configuration.Runtimes.Default,
                    SystemdCgroup = cgroups.IsSystemd,
                    DirectExecs = configuration.Runtimes.Execs == ExecStart.Direct,
                },
                CancellationToken.None);
            log.Info("OCI runtime", ("default", runtimes.Default.Handler), ("path", runtimes.Default.Path), ("why", runtimes.Explanation));
            return runtimes;
        }
        catch (RuntimeUnavailableException none)
        {
            throw new StartException(none.Message);
        }
    }

    private async Task ServeAsync(CrispConfiguration configuration, RuntimeParts runtime, ImageParts images, Logger log)
    {
        var metrics = new CallMetrics();
        Keep(metrics);
        var traces = new TraceRing();
        Keep(traces);
        if (TraceExport.Begin(configuration.Tracing, log) is { } export)
        {
            Keep(export);
        }

        if (configuration.Metrics.Address is { } address)
        {
            var page = new MetricsPage(CallMetrics.MeterName);
            Keep(page);
            Keep(MetricsListener.Start(page, address));
        }

        var server = new GrpcServer(
            new GrpcServerOptions
            {
                SocketPath = configuration.Listen,
                Interceptors = [new CallInterceptor(log, metrics)],
                StreamingAlternatives = StreamingAlternatives.ByMethod,
            },
            [
                runtime.Server.Definition,
                V1.ImageService.BindService(images.Server),
                Api.CrispV1.Images.BindService(images.Operator),
                Api.CrispV1.Node.BindService(new NodeServer(runtime.Reconciler, traces)),
            ]);
        _parts.Push(server);
        await server.StartAsync(CancellationToken.None);
    }

    private void Keep(IDisposable part) => _parts.Push(new AsyncPart(part));

    private sealed class AsyncPart(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
