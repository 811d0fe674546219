using Cri.RuntimeService.Checkpoints;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Metrics;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Spec;
using Cri.RuntimeService.Stats;
using Cri.Streaming;
using Grpc.Core;

namespace Cri.RuntimeService;

/// <summary>
/// The CRI RuntimeService. Each verb stands in a file of its own under Verbs/, a few lines that call the owner of the thing.
/// </summary>
public sealed partial class RuntimeServer(
    string version,
    ObjectIndex<Sandbox> sandboxes,
    ObjectIndex<Container> containers,
    SandboxRunner sandboxRunner,
    SandboxStopper sandboxStopper,
    SandboxRemover sandboxRemover,
    ContainerCreator containerCreator,
    ContainerStarter containerStarter,
    ContainerStopper containerStopper,
    ContainerRemover containerRemover,
    StuckRetries retries,
    ContainerEvents events,
    ResourceUpdater resourceUpdater,
    ContainerCheckpointer containerCheckpointer,
    ContainerStatsReader stats,
    PodStatsReader podStats,
    PodMetricsReader podMetrics,
    StreamingServer streaming,
    CniNetwork network,
    TemplatedNetwork templatedNetwork,
    OciRuntimes runtimes,
    HandlerFeatures features,
    CgroupDriver cgroups,
    HostFacts host,
    VerboseInfo verbose) : V1.RuntimeService.RuntimeServiceBase
{
    /// <summary>All its methods, ready to be hosted.</summary>
    public ServerServiceDefinition Definition => V1.RuntimeService.BindService(this)
        .With(_listContainers, ListContainersAsync)
        .With(_listPodSandbox, ListPodSandboxAsync);
}
