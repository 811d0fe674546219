using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Spec;
using Cri.RuntimeService.Stats;

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
    ContainerStatsReader stats,
    CniNetwork network,
    OciRuntimes runtimes,
    CgroupDriver cgroups,
    VerboseInfo verbose) : V1.RuntimeService.RuntimeServiceBase;
