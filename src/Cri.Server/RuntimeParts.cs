using Cri.RuntimeService;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Recovery;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Stats;
using Cri.Server.Configuration;
using CgroupDriver = Cri.RuntimeService.Spec.CgroupDriver;

namespace Cri.Server;

/// <summary>The runtime half of a node, wired.</summary>
/// <param name="Server">The CRI RuntimeService.</param>
/// <param name="Recovery">Rebuilds what was there before.</param>
public sealed record RuntimeParts(RuntimeServer Server, StateRecovery Recovery)
{
    /// <summary>Wires the parts.</summary>
    public static RuntimeParts Wire(
        CrispConfiguration configuration,
        StateLayout state,
        HostFacts host,
        CgroupDriver cgroups,
        OciRuntimes runtimes,
        ImageParts images,
        CniNetwork network,
        Journal journal)
    {
        var sandboxes = new ObjectIndex<Sandbox>("pod sandbox");
        var containers = new ObjectIndex<Container>("container");
        var sandboxNames = new NameRegistry("pod sandbox");
        var containerNames = new NameRegistry("container");
        var shims = new ShimLauncher(BinaryLocator.Shim(configuration.Shim.Path));
        var orphans = new OrphanedTasks(runtimes, state, journal);

        var monitor = new ContainerMonitor(journal);
        var containerCreator = new ContainerCreator(
            sandboxes, containers, containerNames, images.Store, images.Layers, images.Snapshots, runtimes, cgroups, host, journal);
        var containerStarter = new ContainerStarter(runtimes, state, cgroups, monitor);
        var containerStopper = new ContainerStopper();
        var containerRemover = new ContainerRemover(containers, containerNames, images.Snapshots, containerStopper, monitor);

        var podInit = new PodInit(runtimes, state, cgroups, Path.Combine(configuration.Root, "pod-init"));
        var sandboxRunner = new SandboxRunner(state, sandboxes, sandboxNames, shims, network, runtimes, podInit, cgroups, journal);
        var sandboxStopper = new SandboxStopper(containers, containerStopper, monitor, network, orphans);
        var sandboxRemover = new SandboxRemover(sandboxes, containers, sandboxNames, sandboxStopper, containerRemover);

        var recovery = new StateRecovery(
            state, sandboxes, containers, sandboxNames, containerNames, shims, network, orphans, monitor, journal);
        var verbose = new VerboseInfo(() => ConfigurationJson.Write(configuration), () => ConfigurationJson.Write(network.Status));
        var server = new RuntimeServer(
            Node.Version,
            sandboxes,
            containers,
            sandboxRunner,
            sandboxStopper,
            sandboxRemover,
            containerCreator,
            containerStarter,
            containerStopper,
            containerRemover,
            new ContainerStatsReader(images.Snapshots),
            network,
            runtimes,
            cgroups,
            verbose);
        return new RuntimeParts(server, recovery);
    }
}
