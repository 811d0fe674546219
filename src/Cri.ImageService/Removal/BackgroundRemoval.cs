using Cri.Linux;
using Cri.Linux.Faults;

namespace Cri.ImageService.Removal;

/// <summary>
/// Frees space in the background, one tree after the other on one thread. What is to go loses its name first, at once, so
/// that a removal which is interrupted never leaves half of something under a name that means something; the next start
/// resumes it. What cannot be removed is told once and tried again every minute.
/// <code>
/// name --Remove--> .del-* --(one thread)--> gone
/// </code>
/// </summary>
internal sealed class BackgroundRemoval : IDisposable
{
    private static readonly TimeSpan _retryDelay = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _stopMax = TimeSpan.FromSeconds(10);

    private readonly ImageJournal _journal;
    private readonly Lock _lock = new();
    private readonly List<DoomedTree> _waiting = [];
    private readonly List<DoomedTree> _failed = [];
    private readonly CancellationTokenSource _stop = new();
    private DoomedTree? _current;
    private Task _worker = Task.CompletedTask;
    private Timer? _retry;
    private bool _isRunning;

    internal BackgroundRemoval(ImageJournal journal) => _journal = journal;

    /// <summary>How many trees wait, with the one that is being removed.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return All().Count();
            }
        }
    }

    /// <summary>Takes the name of <paramref name="path"/> away and frees its space later. Does nothing when there is none.</summary>
    /// <param name="path">A file or directory.</param>
    /// <param name="usage">The space it takes; null when that is not known.</param>
    /// <param name="report">Where to count it when an earlier process left it.</param>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    internal void Remove(string path, FileSystemUsage? usage = null, LeftoverReport? report = null)
    {
        var doomed = StorageLayout.Doomed(path);
        try
        {
            Directory.Move(path, doomed);
        }
        catch (IOException error) when (error is DirectoryNotFoundException or FileNotFoundException)
        {
            return;
        }

        FaultPoint.Reach(FaultPoints.TreeRenamed);
        RemoveNameless(doomed, usage, report);
    }

    /// <summary>Frees the space of something that has no name that means anything.</summary>
    internal void RemoveNameless(string path, FileSystemUsage? usage = null, LeftoverReport? report = null)
    {
        report?.Expect();
        lock (_lock)
        {
            _waiting.Add(new DoomedTree(path, usage, report));
            Start();
        }
    }

    /// <summary>The space below <paramref name="directory"/> that is not free yet.</summary>
    internal FileSystemUsage Pending(string directory)
    {
        List<DoomedTree> trees;
        lock (_lock)
        {
            trees = [.. All().Where(tree => Path.GetDirectoryName(tree.Path) == directory)];
        }

        return trees.Aggregate(FileSystemUsage.None, (sum, tree) => sum + tree.Remaining);
    }

    /// <summary>Completes when everything that was there to be removed is gone, or could not be removed.</summary>
    internal Task WhenIdleAsync()
    {
        lock (_lock)
        {
            return _worker;
        }
    }

    /// <summary>Stops after the entry that is being removed; the next start resumes.</summary>
    public void Dispose()
    {
        Task worker;
        lock (_lock)
        {
            _stop.Cancel();
            _retry?.Dispose();
            worker = _worker;
        }

        worker.Wait(_stopMax);
    }

    private IEnumerable<DoomedTree> All() => _waiting.Union(_failed).Union(_current is null ? [] : [_current]);

    // Under the lock.
    private void Start()
    {
        if (!_isRunning && !_stop.IsCancellationRequested)
        {
            try
            {
                _worker = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                _isRunning = true;
            }
            catch (TaskSchedulerException error)
            {
                // No thread could be started now: the next removal tries again, or else the timer.
                _retry ??= new Timer(_ => Retry(), null, _retryDelay, _retryDelay);
                _journal.Warn($"removal in the background waits: {error.InnerException?.Message}");
            }
        }
    }

    private void Run()
    {
        while (Next() is { } tree)
        {
            try
            {
                RemoveWithMounts(tree);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (IOException error)
            {
                Postpone(tree, error);
            }
            catch (OutOfMemoryException error)
            {
                Postpone(tree, new IOException(error.Message, error));
            }
        }
    }

    private DoomedTree? Next()
    {
        lock (_lock)
        {
            _current = null;
            _isRunning = _waiting.Count > 0 && !_stop.IsCancellationRequested;
            if (_isRunning)
            {
                _current = _waiting[0];
                _waiting.RemoveAt(0);
            }

            return _current;
        }
    }

    // Whatever is mounted inside was ours, and whoever used it is gone: only its name is in the way.
    private void RemoveWithMounts(DoomedTree tree)
    {
        try
        {
            tree.Remove(_stop.Token);
        }
        catch (LinuxException error) when (error.Error is Errno.EBUSY or Errno.EXDEV)
        {
            foreach (var mount in MountTable.Below(tree.Path).Reverse().ToList())
            {
                Mount.Unmount(mount.Target);
            }

            tree.Remove(_stop.Token);
        }
    }

    private void Postpone(DoomedTree tree, IOException failure)
    {
        lock (_lock)
        {
            _failed.Add(tree);
            _retry ??= new Timer(_ => Retry(), null, _retryDelay, _retryDelay);
        }

        if (tree.Failure is null)
        {
            _journal.Warn($"{tree.Path} cannot be removed yet: {failure.Message}");
        }

        tree.Failure = failure;
    }

    private void Retry()
    {
        lock (_lock)
        {
            if (_failed.Count > 0 || _waiting.Count > 0)
            {
                _waiting.AddRange(_failed);
                _failed.Clear();
                Start();
            }
        }
    }
}
