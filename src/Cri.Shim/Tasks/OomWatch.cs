using Cri.Linux;
using Cri.Shim.Loop;

namespace Cri.Shim.Tasks;

/// <summary>
/// Looks at the OOM counters of cgroup version 2 as they change, for all containers of the shim: with the systemd driver a
/// container's cgroup, and the counter in it, may be gone before its end is noticed. Version 1 keeps its cgroups.
/// </summary>
internal sealed class OomWatch(EventLoop loop, Action<string> log) : IDisposable
{
    private readonly Dictionary<int, Action> _watches = [];
    private Inotify? _inotify;

    /// <summary>Calls back whenever the counters of these cgroups have changed. Returns what <see cref="End"/> takes.</summary>
    public int? Begin(ProcessCgroups cgroups, Action changed)
    {
        if (cgroups.Unified is null || cgroups.Legacy("memory") is not null)
        {
            return null;
        }

        try
        {
            var watch = Open().WatchFile(Path.Combine(cgroups.Unified, "memory.events"), InotifyEvents.Modified);
            if (watch is { } number)
            {
                _watches[number] = changed;
            }

            return watch;
        }
        catch (LinuxException e)
        {
            // The counter is still read at the end.
            log($"watching for OOM kills: {e.Message}");
            return null;
        }
    }

    /// <summary>Ends a watch; null is none.</summary>
    public void End(int? watch)
    {
        if (watch is { } number && _watches.Remove(number))
        {
            _inotify?.Unwatch(number);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _inotify?.Dispose();

    private Inotify Open()
    {
        if (_inotify is null)
        {
            _inotify = new Inotify();
            _ = RunAsync(_inotify);
        }

        return _inotify;
    }

    private async Task RunAsync(Inotify inotify)
    {
        using var readable = loop.Watch(inotify.Descriptor);
        while (await readable.ReadableAsync())
        {
            foreach (var number in inotify.Read().Select(happened => happened.Watch).Distinct())
            {
                _watches.GetValueOrDefault(number)?.Invoke();
            }
        }
    }
}
