using System.Collections.Concurrent;
using Cri.ImageService.Snapshots;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Stats;

/// <summary>
/// ContainerStats straight from the cgroup files. The CPU rate is that between two readings; a container read for the first
/// time has none yet.
/// </summary>
public sealed class ContainerStatsReader(Snapshotter snapshots)
{
    private static readonly TimeSpan _shortestInterval = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentDictionary<string, Watched> _watched = new(StringComparer.Ordinal);

    /// <summary>The statistics of a container; of one that does not run, only its attributes and writable layer.</summary>
    public V1.ContainerStats Read(Container container)
    {
        var record = container.Record;
        var stats = new V1.ContainerStats
        {
            Attributes = new V1.ContainerAttributes
            {
                Id = record.Id,
                Metadata = record.Config.Metadata,
                Labels = { record.Config.Labels },
                Annotations = { record.Config.Annotations },
            },
            WritableLayer = WritableLayer(record.Id),
        };
        if (record.State() != V1.ContainerState.ContainerRunning)
        {
            _watched.TryRemove(record.Id, out _);
            return stats;
        }

        if (Files(record) is { } files)
        {
            stats.Cpu = Cpu(record.Id, files);
            stats.Memory = MemoryReader.Read(files);
            stats.Swap = MemoryReader.Swap(files);
        }

        return stats;
    }

    private CgroupFiles? Files(ContainerRecord record)
    {
        if (_watched.TryGetValue(record.Id, out var known) && known.Pid == record.Pid)
        {
            return known.Files;
        }

        var files = CgroupFiles.Of(record.Pid);
        if (files is not null)
        {
            _watched[record.Id] = new Watched(record.Pid, files, default, default);
        }

        return files;
    }

    private V1.CpuUsage? Cpu(string id, CgroupFiles files)
    {
        var used = files.IsV2
            ? CgroupFiles.Table(files.Cpu, "cpu.stat").GetValueOrDefault("usage_usec") * 1000
            : CgroupFiles.Number(files.Cpu, "cpuacct.usage") ?? 0;
        var now = Clock.Now;
        var usage = new V1.CpuUsage { Timestamp = now, UsageCoreNanoSeconds = new V1.UInt64Value { Value = used } };
        if (_watched.TryGetValue(id, out var before))
        {
            var rate = Rate(before, used, now);
            usage.UsageNanoCores = rate is { } cores ? new V1.UInt64Value { Value = cores } : null;
            if (before.At == 0 || now - before.At >= _shortestInterval.Ticks * 100)
            {
                _watched[id] = before with { Used = used, At = now };
            }
        }

        return usage;
    }

    private static ulong? Rate(Watched before, ulong used, long now) => before.At > 0 && now > before.At && used >= before.Used
        ? (ulong)((used - before.Used) * 1e9 / (now - before.At))
        : null;

    private V1.FilesystemUsage? WritableLayer(string id) => snapshots.Usage(id) is { } usage
        ? new V1.FilesystemUsage
        {
            Timestamp = Clock.Now,
            FsId = new V1.FilesystemIdentifier { Mountpoint = snapshots.Path },
            UsedBytes = new V1.UInt64Value { Value = (ulong)usage.Bytes },
            InodesUsed = new V1.UInt64Value { Value = (ulong)usage.Inodes },
        }
        : null;

    private sealed record Watched(int Pid, CgroupFiles Files, ulong Used, long At);
}
