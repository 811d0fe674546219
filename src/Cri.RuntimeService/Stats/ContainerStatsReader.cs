using System.Runtime.CompilerServices;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Stats;

/// <summary>ContainerStats straight from the cgroup files. A container read for the first time has no CPU rate yet.</summary>
public sealed class ContainerStatsReader(CgroupLocator cgroups, WritableLayers layers)
{
    private readonly ConditionalWeakTable<Container, Watched> _watched = [];

    /// <summary>The statistics of a container; of one that does not run, only its attributes and writable layer.</summary>
    public V1.ContainerStats Read(Container container)
    {
        var config = container.Record.Config;
        var stats = new V1.ContainerStats
        {
            Attributes = new V1.ContainerAttributes
            {
                Id = container.Id,
                Metadata = config.Metadata,
                Labels = { config.Labels },
                Annotations = { config.Annotations },
            },
            WritableLayer = layers.Of(container),
        };
        if (Find(container) is { } watched)
        {
            stats.Cpu = CpuReader.Read(watched.Files, watched.Rate);
            (stats.Memory, stats.Swap) = MemoryReader.Read(watched.Files);
            stats.Io = PressureReader.Io(watched.Files, Clock.Now);
        }

        return stats;
    }

    /// <summary>The cgroup of a container; null when it does not run.</summary>
    public CgroupFiles? Files(Container container) => Find(container)?.Files;

    private Watched? Find(Container container)
    {
        var record = container.Record;
        if (record.State() != V1.ContainerState.ContainerRunning)
        {
            return null;
        }

        if (_watched.TryGetValue(container, out var known))
        {
            return known;
        }

        return cgroups.OfProcess(record.Pid, record.Id) is { } files
            ? _watched.GetValue(container, _ => new Watched(files, new CpuRate()))
            : null;
    }

    private sealed record Watched(CgroupFiles Files, CpuRate Rate);
}
