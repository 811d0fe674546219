using Cri.Linux;

namespace Cri.ImageService.Removal;

/// <summary>Counts what a start finds of an earlier process and removes, and says it in one line when all of it is gone.</summary>
internal sealed class LeftoverReport(ImageJournal journal)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly List<string> _unknown = [];
    private FileSystemUsage _freed = FileSystemUsage.None;
    private int _expected;
    private bool _isComplete;

    /// <summary>Counts one of <paramref name="kind"/>, such as "interrupted removals".</summary>
    internal void Found(string kind)
    {
        lock (_lock)
        {
            _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        }
    }

    /// <summary>Notes something that is not ours: it stays, and is told.</summary>
    internal void FoundUnknown(string path)
    {
        lock (_lock)
        {
            _unknown.Add(path);
        }
    }

    /// <summary>One more tree is to be removed.</summary>
    internal void Expect()
    {
        lock (_lock)
        {
            _expected++;
        }
    }

    /// <summary>A tree is gone.</summary>
    internal void Freed(FileSystemUsage usage)
    {
        lock (_lock)
        {
            _freed += usage;
            _expected--;
        }

        SayIfDone();
    }

    /// <summary>Everything has been found; call once.</summary>
    internal void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
        }

        if (_unknown.Count > 0)
        {
            journal.Warn($"not made by this server, and left alone: {string.Join(", ", _unknown)}");
        }

        SayIfDone();
    }

    private void SayIfDone()
    {
        string kinds;
        FileSystemUsage freed;
        lock (_lock)
        {
            if (!_isComplete || _expected > 0 || _counts.Count == 0)
            {
                return;
            }

            kinds = string.Join(", ", _counts.Select(pair => $"{pair.Value} {pair.Key}"));
            freed = _freed;
            _counts.Clear();
            _freed = FileSystemUsage.None;
        }

        journal.Info($"swept what an earlier run left: {kinds}; {freed.Bytes} bytes and {freed.Inodes} inodes are free again");
    }
}
