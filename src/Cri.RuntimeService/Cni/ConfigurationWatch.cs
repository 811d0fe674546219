using Cri.Linux;

namespace Cri.RuntimeService.Cni;

/// <summary>
/// Keeps the snapshot of a configuration directory up to date, by inotify(7) on the directory and on every directory above it: so it
/// may be removed, moved or made again at any level. One thread that sleeps until something happens.
/// </summary>
internal sealed class ConfigurationWatch : IDisposable
{
    private const int StackSize = 256 * 1024;
    private const InotifyEvents OfParents =
        InotifyEvents.Created | InotifyEvents.MovedIn | InotifyEvents.MovedOut | InotifyEvents.Deleted
        | InotifyEvents.SelfDeleted | InotifyEvents.SelfMoved;

    private const InotifyEvents OfDirectory = OfParents | InotifyEvents.ClosedAfterWrite | InotifyEvents.AttributesChanged;

    // Not every way in which a directory can appear makes an event (a mount, the far end of a symbolic link),
    // so an absent one is looked for.
    private static readonly TimeSpan _absentRecheck = TimeSpan.FromSeconds(5);

    private readonly string _directory;
    private readonly Pipe _wake = Pipe.Create();
    private readonly Thread _thread;
    private readonly Inotify? _inotify;

    // What is watched now: the watch to the name that matters in it, "" for the directory itself where every name does.
    private Dictionary<int, string> _watches = [];
    private bool _complete;
    private volatile ConfigurationSnapshot _snapshot;

    /// <summary>Reads the directory and begins to watch it.</summary>
    internal ConfigurationWatch(string directory)
    {
        _directory = Path.GetFullPath(directory);
        try
        {
            _inotify = new Inotify();
        }
        catch (LinuxException e) when (e.IsExhausted)
        {
            // Too many watchers on this host: the directory is looked at from time to time instead.
        }

        _snapshot = WatchAndLoad();
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "cni-watch" };
        _thread.Start();
    }

    /// <summary>The configuration now.</summary>
    internal ConfigurationSnapshot Snapshot => _snapshot;

    /// <inheritdoc/>
    public void Dispose()
    {
        _wake.Writer.Dispose();
        _thread.Join();
        _inotify?.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        Span<PollEntry> entries =
        [
            new(_wake.Reader.Number, PollEvents.Readable),
            new(_inotify?.Descriptor.Number ?? -1, PollEvents.Readable),
        ];
        while (!entries[0].IsReady)
        {
            var ready = Poll.Wait(entries, _complete ? null : _absentRecheck);
            if (!entries[0].IsReady && (ready == 0 || _inotify!.Read().Any(Matters)))
            {
                _snapshot = WatchAndLoad();
            }
        }
    }

    private bool Matters(InotifyEvent e) => (e.Events & InotifyEvents.Overflow) != 0
        || (_watches.TryGetValue(e.Watch, out var name) && (name.Length == 0 || e.Name.Length == 0 || e.Name == name));

    // The watches come first, so that what changes while the directory is read is seen afterwards.
    private ConfigurationSnapshot WatchAndLoad()
    {
        var earlier = _watches;
        _watches = [];
        _complete = WatchFromRoot();
        foreach (var gone in earlier.Keys.Except(_watches.Keys))
        {
            _inotify!.Unwatch(gone);
        }

        return ConfigurationDirectory.Load(_directory);
    }

    // From the root down, so that a directory that appears below one that is watched already is not missed.
    private bool WatchFromRoot()
    {
        var path = "/";
        foreach (var name in _directory.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Watch(path, OfParents, name))
            {
                return false;
            }

            path = Path.Combine(path, name);
        }

        return Watch(path, OfDirectory, "");
    }

    private bool Watch(string path, InotifyEvents events, string name)
    {
        try
        {
            if (_inotify?.Watch(path, events) is not { } watch)
            {
                return false;
            }

            _watches[watch] = name;
            return true;
        }
        catch (LinuxException)
        {
            // Too many watches, or no permission: it is looked at from time to time instead.
            return false;
        }
    }
}
