using System.Diagnostics;
using System.Runtime.CompilerServices;
using Cri.ImageService.Snapshots;
using Cri.RuntimeService.Containers;
using Cri.RuntimeService.Lifecycle;

namespace Cri.RuntimeService.Stats;

/// <summary>
/// What containers have written. Counting walks a tree, so a count is kept for a second, and that of a large tree for longer
/// and renewed in the background: at most a hundredth of the time is spent on it or a count in 30 s, and only its first reader waits.
/// </summary>
public sealed class WritableLayers(Snapshotter snapshots)
{
    private const int RestPerWork = 100;
    private static readonly TimeSpan _shortestRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestRest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _quick = TimeSpan.FromMilliseconds(1);
    private readonly ConditionalWeakTable<Container, Counted> _counted = [];

    /// <summary>The usage of a container's writable layer; null when it has none.</summary>
    public V1.FilesystemUsage? Of(Container container)
    {
        var counted = _counted.GetValue(container, static _ => new Counted());
        if (counted.Usage is null || (counted.IsDue && counted.Took < _quick))
        {
            Count(container.Id, counted);
        }
        else if (counted.IsDue && counted.TryBegin())
        {
            _ = Task.Run(() => Count(container.Id, counted));
        }

        return counted.Usage;
    }

    private void Count(string id, Counted counted)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            counted.Usage = Measure(id);
        }
        catch (IOException)
        {
            // The container is being removed.
        }
        finally
        {
            counted.End(Stopwatch.GetElapsedTime(started));
        }
    }

    private V1.FilesystemUsage? Measure(string id) => snapshots.Usage(id) is { } usage
        ? new V1.FilesystemUsage
        {
            Timestamp = Clock.Now,
            FsId = new V1.FilesystemIdentifier { Mountpoint = snapshots.Path },
            UsedBytes = new V1.UInt64Value { Value = (ulong)usage.Bytes },
            InodesUsed = new V1.UInt64Value { Value = (ulong)usage.Inodes },
        }
        : null;

    private sealed class Counted
    {
        private V1.FilesystemUsage? _usage;
        private long _at;
        private long _took;
        private int _busy;

        public V1.FilesystemUsage? Usage
        {
            get => Volatile.Read(ref _usage);
            set => Volatile.Write(ref _usage, value);
        }

        public TimeSpan Took => new(Interlocked.Read(ref _took));

        public bool IsDue => Stopwatch.GetElapsedTime(Interlocked.Read(ref _at)) is var rested && rested > Rest;

        private TimeSpan Rest => TimeSpan.FromTicks(Math.Clamp((Took * RestPerWork).Ticks, _shortestRest.Ticks, _longestRest.Ticks));

        public bool TryBegin() => Interlocked.Exchange(ref _busy, 1) == 0;

        public void End(TimeSpan took)
        {
            Interlocked.Exchange(ref _took, took.Ticks);
            Interlocked.Exchange(ref _at, Stopwatch.GetTimestamp());
            Volatile.Write(ref _busy, 0);
        }
    }
}
