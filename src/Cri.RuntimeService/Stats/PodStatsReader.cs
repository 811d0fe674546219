using System.Runtime.CompilerServices;
using Cri.Linux;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;
using Cri.RuntimeService.Sandboxes;

namespace Cri.RuntimeService.Stats;

/// <summary>
/// PodSandboxStats: the pod's cgroup, which the kubelet made and named as <c>cgroup_parent</c>, its network interfaces and its
/// containers. Without a cgroup of its own a pod uses what its containers use together.
/// </summary>
public sealed class PodStatsReader(ObjectIndex<Container> containers, ContainerStatsReader containerStats, CgroupLocator cgroups)
{
    private readonly ConditionalWeakTable<Sandbox, CpuRate> _rates = [];

    /// <summary>The pods that have statistics: the ready ones that pass a filter.</summary>
    public static bool Matches(Sandbox sandbox, V1.PodSandboxStatsFilter? filter) => sandbox.IsReady && (filter is null
        || (sandbox.Id.StartsWith(filter.Id, StringComparison.Ordinal)
            && LabelSelector.Matches(sandbox.Record.Config.Labels, filter.LabelSelector)));

    /// <summary>The cgroup of a pod; null when it has none of its own.</summary>
    public CgroupFiles? Files(Sandbox sandbox) => cgroups.OfPod(sandbox.Record.Config.Linux?.CgroupParent ?? "");

    /// <summary>The statistics of pods, each read when it is its turn.</summary>
    public async Task<IEnumerable<V1.PodSandboxStats>> ReadAsync(IReadOnlyList<Sandbox> sandboxes)
    {
        var links = await NetworkReader.ReadAsync(sandboxes);
        var members = containers.All.ToLookup(container => container.Sandbox);
        return sandboxes.Select(sandbox => Read(sandbox, [.. members[sandbox]], links.GetValueOrDefault(sandbox.Id)));
    }

    private V1.PodSandboxStats Read(Sandbox sandbox, IReadOnlyList<Container> members, IReadOnlyList<LinkCounters>? links)
    {
        var config = sandbox.Record.Config;
        var running = members.Where(container => container.State == V1.ContainerState.ContainerRunning).ToList();
        var usage = new V1.LinuxPodSandboxStats { Containers = { running.Select(containerStats.Read) } };
        if (Files(sandbox) is { } files)
        {
            AddOwn(usage, files, _rates.GetValue(sandbox, static _ => new CpuRate()));
        }
        else
        {
            PodStatsSum.Add(usage, [.. running.Select(containerStats.Files).OfType<CgroupFiles>()]);
        }

        usage.Network = links is null ? null : NetworkReader.Usage(links);
        return new V1.PodSandboxStats
        {
            Attributes = new V1.PodSandboxAttributes
            {
                Id = sandbox.Id,
                Metadata = config.Metadata,
                Labels = { config.Labels },
                Annotations = { config.Annotations },
            },
            Linux = usage,
        };
    }

    private static void AddOwn(V1.LinuxPodSandboxStats usage, CgroupFiles files, CpuRate rate)
    {
        var now = Clock.Now;
        usage.Cpu = CpuReader.Read(files, rate);
        usage.Memory = MemoryReader.Read(files).Memory;
        usage.Io = PressureReader.Io(files, now);
        usage.Process = new V1.ProcessUsage { Timestamp = now, ProcessCount = Amount.Of((ulong)ProcessList.In(files).Count) };
    }
}
