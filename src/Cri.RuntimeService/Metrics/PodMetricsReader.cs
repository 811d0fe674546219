using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;
using Cri.RuntimeService.Stats;

namespace Cri.RuntimeService.Metrics;

/// <summary>
/// The metrics of pods: of a pod its CPU, memory, pressure and network, of each running container all but the network. They
/// carry cAdvisor's names, and a kubelet hands them on as they are. A value that the kernel does not tell is left out.
/// </summary>
public sealed class PodMetricsReader(
    ObjectIndex<Container> containers, ContainerStatsReader containerStats, PodStatsReader podStats, WritableLayers layers)
{
    /// <summary>Every metric that there can be; a kubelet asks once.</summary>
    public static IReadOnlyList<MetricFamily> Families { get; } =
    [
        .. CpuMetrics.Families,
        .. MemoryMetrics.Families,
        .. PressureMetrics.Families,
        .. NetworkMetrics.Families,
        .. DiskMetrics.Families,
        .. FileSystemMetrics.Families,
        .. ProcessMetrics.Families,
        .. SpecMetrics.Families,
        .. LifetimeMetrics.Families,
    ];

    /// <summary>The metrics of pods, each read when it is its turn.</summary>
    public async Task<IEnumerable<V1.PodSandboxMetrics>> ReadAsync(IReadOnlyList<Sandbox> sandboxes)
    {
        var links = await NetworkReader.ReadAsync(sandboxes);
        var members = containers.All.ToLookup(container => container.Sandbox);
        return sandboxes.Select(sandbox => Read(sandbox, members[sandbox], links.GetValueOrDefault(sandbox.Id, [])));
    }

    private V1.PodSandboxMetrics Read(Sandbox sandbox, IEnumerable<Container> members, IReadOnlyList<LinkCounters> links)
    {
        var metrics = new V1.PodSandboxMetrics { PodSandboxId = sandbox.Id };
        var pod = sandbox.Record.Config.Metadata;
        var samples = new MetricSamples(metrics.Metrics, pod.Name, pod.Namespace, "", sandbox.Id, "");
        if (podStats.Files(sandbox) is { } files)
        {
            AddUsage(samples, files);
        }

        links.ToList().ForEach(link => NetworkMetrics.Add(samples, link));
        metrics.ContainerMetrics.Add(members.Select(container => Read(container, pod)).OfType<V1.ContainerMetrics>());
        return metrics;
    }

    private V1.ContainerMetrics? Read(Container container, V1.PodSandboxMetadata pod)
    {
        if (containerStats.Files(container) is not { } files)
        {
            return null;
        }

        var record = container.Record;
        var metrics = new V1.ContainerMetrics { ContainerId = record.Id };
        var samples = new MetricSamples(
            metrics.Metrics, pod.Name, pod.Namespace, record.Config.Metadata.Name, record.Id, ImageOf(record.Config.Image));
        AddUsage(samples, files);
        DiskMetrics.Add(samples, files);
        FileSystemMetrics.Add(samples, layers.Of(container));
        ProcessMetrics.Add(samples, files, record.Pid);
        SpecMetrics.Add(samples, record.Config.Linux?.Resources);
        LifetimeMetrics.Add(samples, record.StartedAt);
        return metrics;
    }

    private static void AddUsage(MetricSamples samples, CgroupFiles files)
    {
        CpuMetrics.Add(samples, files);
        MemoryMetrics.Add(samples, files);
        PressureMetrics.Add(samples, files);
    }

    private static string ImageOf(V1.ImageSpec? image) => image?.UserSpecifiedImage is { Length: > 0 } asked ? asked : image?.Image ?? "";
}
