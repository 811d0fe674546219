using System.Collections.Concurrent;

namespace Cri.RuntimeService.Lifecycle;

/// <summary>
/// The ids of pods and containers that are being made. What a creation has made so far belongs to it, from before its first step until
/// the object is in its index or all of it is undone.
/// </summary>
public sealed class OperationsUnderWay
{
    private readonly ConcurrentDictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>The ids now.</summary>
    public IReadOnlyCollection<string> Ids => [.. _ids.Keys];

    /// <summary>Marks the id until the result is disposed of.</summary>
    public IDisposable Begin(string id)
    {
        _ids.AddOrUpdate(id, 1, (_, count) => count + 1);
        return new Mark(this, id);
    }

    private void End(string id)
    {
        if (_ids.AddOrUpdate(id, 0, (_, count) => count - 1) == 0)
        {
            _ids.TryRemove(KeyValuePair.Create(id, 0));
        }
    }

    private sealed class Mark(OperationsUnderWay all, string id) : IDisposable
    {
        private OperationsUnderWay? _all = all;

        public void Dispose() => Interlocked.Exchange(ref _all, null)?.End(id);
    }
}
