using Cri.RuntimeService;
using Cri.RuntimeService.Cdi;
using Cri.RuntimeService.Checkpoints;
using Cri.RuntimeService.Cni;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Events;
using Cri.RuntimeService.Host;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Metrics;
using Cri.RuntimeService.Recovery;
using Cri.RuntimeService.Recovery.Orphans;
using Cri.RuntimeService.Runtimes;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Selinux;
using Cri.RuntimeService.Shims;
using Cri.RuntimeService.Stats;
using Cri.Server.Configuration;
using Cri.Streaming;
using CgroupDriver = Cri.RuntimeService.Spec.CgroupDriver;

namespace Cri.Server;

/// <summary>The runtime half of a node, wired.</summary>
/// <param name="Server">The CRI RuntimeService.</param>
/// <param name="Recovery">Rebuilds what was there before.</param>
/// <param name="Ownership">Who owns what is there.</param>
/// <param name="Reconciler">Gets rid of what nobody owns.</param>
/// <param name="Retries">Goes on with what is stuck.</param>
public sealed record RuntimeParts(
    RuntimeServer Server, StateRecovery Recovery, Ownership Ownership, Reconciler Reconciler, StuckRetries Retries)
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
        StreamingServer streaming,
        Journal journal)
    {
        var sandboxes = new ObjectIndex<Sandbox>("pod sandbox");
        var containers = new ObjectIndex<Container>("container");
        var sandboxNames = new NameRegistry("pod sandbox");
        var containerNames = new NameRegistry("container");
        var shims = new ShimLauncher(BinaryLocator.Shim(configuration.Shim.Path), configuration.Runtimes.Timeout);
        var steps = new BlockingSteps();
        var retries = new StuckRetries(journal);
        var underWay = new OperationsUnderWay();
        var ledger = new CgroupLedger(state, cgroups);
        var orphans = new OrphanedTasks(runtimes, state, cgroups, ledger, journal);

        var selinux = new SelinuxLabeler(SelinuxChoice.Of(configuration.Selinux), new SelinuxCategories());
        var volumes = new ContainerVolumes(images.Store, images.Snapshots);
        var criu = new CriuCheck();
        var restorer = new CheckpointRestorer(
            images.Store, images.Layers, images.Snapshots, criu, configuration.CheckpointRestore == CheckpointRestore.Enabled);

        var events = new ContainerEvents(containers, new EventHub());
        var monitor = new ContainerMonitor(orphans, events, journal);
        var planner = new ContainerPlanner(
            containers,
            images.Layers,
            runtimes,
            cgroups,
            host,
            new AppArmorProfiles(AppArmorProfiles.KernelList, configuration.State),
            selinux,
            new CdiRegistry(configuration.Cdi.SpecDirs, journal));
        var containerCreator = new ContainerCreator(
            sandboxes, containers, containerNames, underWay, images.Store, images.Snapshots, volumes, planner, restorer, runtimes, events, journal);
        var containerStarter = new ContainerStarter(runtimes, state, cgroups, ledger, monitor, orphans, events, journal);
        var containerStopper = new ContainerStopper(ledger);
        var containerRemover = new ContainerRemover(containers, containerNames, images.Snapshots, containerStopper, monitor, ledger, orphans, steps, events);

        var shimWatch = new ShimWatch(orphans, events, journal);
        var podInit = new PodInit(runtimes, state, cgroups, ledger, Path.Combine(configuration.Root, "pod-init"));
        podInit.Sweep();
        var idMaps = new IdMapSupport(images.Layers.Directory);
        var features = new HandlerFeatures(idMaps, [configuration.Root, configuration.State]);
        var podLayers = new PodLayers(images.Layers.Directory, idMaps);
        var sandboxRunner = new SandboxRunner(
            state, sandboxes, sandboxNames, underWay, shims, network, runtimes, podInit, podLayers, features, cgroups,
            events, shimWatch, orphans, selinux, journal);
        var sandboxStopper = new SandboxStopper(containers, containerStopper, monitor, network, orphans, ledger, events, journal);
        var sandboxRemover = new SandboxRemover(sandboxes, containers, sandboxNames, sandboxStopper, containerRemover, selinux, steps, events);

        var recovery = new StateRecovery(
            state, sandboxes, containers, sandboxNames, containerNames, underWay, shims, network, orphans, monitor, events, shimWatch, selinux,
            images.Snapshots, journal);
        var ownership = new Ownership(state, sandboxes, containers, underWay);
        var reconciler = new Reconciler(
            [
                new StrangePods(state, recovery),
                new StrayShims(state),
                new StrayRuntimes(state, runtimes, orphans),
                new StrayCgroups(ledger),
                new StrayAttachments(network),
                new StrayMounts(state, images.Snapshots.Path),
                new StraySnapshots(images.Snapshots),
                new StrayDirectories(state),
                new StrayFiles(state, TimeProvider.System),
                new StrayNames(sandboxNames),
                new StrayNames(containerNames),
            ],
            ownership,
            journal);
        var layers = new WritableLayers(images.Snapshots);
        var cgroupLocator = new CgroupLocator();
        var containerStats = new ContainerStatsReader(cgroupLocator, layers);
        var podStats = new PodStatsReader(containers, containerStats, cgroupLocator);
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
            retries,
            events,
            new ResourceUpdater(host),
            new ContainerCheckpointer(images.Snapshots, criu, journal),
            containerStats,
            podStats,
            new PodMetricsReader(containers, containerStats, podStats, layers),
            streaming,
            network,
            new TemplatedNetwork(network, configuration.Cni.ConfDir, configuration.Cni.Template),
            runtimes,
            features,
            cgroups,
            host,
            verbose);
        return new RuntimeParts(server, recovery, ownership, reconciler, retries);
    }
}
